#include "coordinator/output/print_summary.h"

#include <string>

#include "coordinator/output/stream/stream_writer.h"
#include "coordinator/view/failed_tasks.h"
#include "coordinator/view/summary_text.h"

namespace rollcall::coordinator {

void print_summary(int fd, const RunRecords& records, const Summary& summary,
                   const KindDisplay& display, SummaryStyle style, bool quiet) {
  if (style == SummaryStyle::automatic) {
    style = display.is_brief() ? SummaryStyle::one_line : SummaryStyle::full;
  }
  if (quiet) style = SummaryStyle::none;
  StreamWriter writer(fd, "standard error");
  std::string& text = writer.buffer();
  if (!quiet && display.lists_failures()) text += failures_text(records, display);
  text += failed_checks_text(summary);
  const std::string dropped = display.dropped_text();
  if (style != SummaryStyle::full && !dropped.empty()) text += "dropped: " + dropped + "\n";
  if (style == SummaryStyle::full) text += summary_text(records, summary, display);
  if (style == SummaryStyle::one_line) text += short_summary_text(records, summary);
  writer.write_all();
}

}  // namespace rollcall::coordinator
