#include "coordinator/view/utc_time.h"

#include <fmt/core.h>

#include <chrono>

namespace rollcall::coordinator {

std::string utc_text(Duration since_1970) {
  using namespace std::chrono;
  const sys_time<microseconds> time(floor<microseconds>(since_1970));
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int{date.year()},
                     unsigned{date.month()}, unsigned{date.day()}, clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

}  // namespace rollcall::coordinator
