#include "worker/log.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cstddef>

namespace rollcall::worker {

void write_log(Severity severity, std::string_view text) {
  static constexpr std::array levels = {spdlog::level::debug, spdlog::level::info,
                                        spdlog::level::warn, spdlog::level::err};
  spdlog::log(levels.at(static_cast<std::size_t>(severity)), "{}", text);
}

}  // namespace rollcall::worker
