// Prints the output of commands as it arrives.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/model/ids.h"
#include "common/model/output_stream.h"
#include "coordinator/core/output/output_rows.h"
#include "coordinator/exec/results/command_output.h"

namespace rollcall::coordinator {

/// Mixes the output of commands, but unless it is printed in bytes, never within a line: the begin
/// of a line waits for its end, or for that of its attempt. A line beyond limits::live_line_bytes
/// is printed in parts. The owner writes and clears out() and err(). One thread.
class LiveOutput {
 public:
  /// `printing`: not LivePrinting::none. `tag`: prefix each line with the tag and a tab.
  LiveOutput(LivePrinting printing, bool tag) : printing_(printing), has_tag_(tag) {}

  /// More bytes of an attempt. If another attempt at the task has an unfinished line, it is ended.
  void arrived(const SessionAttempt& attempt, OutputStream stream, std::string_view tag,
               std::string_view bytes);
  /// The attempt has ended with these bytes, after all that arrived(). Ends its last line.
  void ended(const SessionAttempt& attempt, const WrittenOutput& output);
  /// Ends all lines: no more bytes will arrive.
  void finish();

  std::string& out() { return text_[0]; }
  std::string& err() { return text_[1]; }

 private:
  /// What waits of a task.
  struct Open {
    SessionAttempt attempt;
    std::string tag;
    std::array<std::string, kOutputStreams.size()> line;
    std::array<bool, kOutputStreams.size()> is_in_line{};  ///< a part of the line is printed
  };

  /// Whether bytes are printed as they are.
  bool is_plain() const { return printing_ == LivePrinting::bytes && !has_tag_; }
  Open& open(const SessionAttempt& attempt, std::string_view tag);
  void add(Open& open, OutputStream stream, std::string_view bytes);
  void print(Open& open, OutputStream stream, std::string_view text);
  void end_lines(Open& open);

  LivePrinting printing_;
  bool has_tag_;
  std::array<std::string, kOutputStreams.size()> text_;  ///< by index(OutputStream)
  std::map<TaskId, Open> open_;                          ///< of tasks that have not ended
};

}  // namespace rollcall::coordinator
