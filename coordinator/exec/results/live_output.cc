#include "coordinator/exec/results/live_output.h"

#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {

LiveOutput::Open& LiveOutput::open(const SessionAttempt& attempt, std::string_view tag) {
  const auto [found, is_new] = open_.try_emplace(attempt.task);
  Open& open = found->second;
  if (!is_new && open.attempt != attempt) end_lines(open);
  open.attempt = attempt;
  if (has_tag_) open.tag = tag;
  return open;
}

void LiveOutput::arrived(const SessionAttempt& attempt, OutputStream stream, std::string_view tag,
                         std::string_view bytes) {
  if (is_plain()) {
    text_[index(stream)] += bytes;
  } else {
    add(open(attempt, tag), stream, bytes);
  }
}

void LiveOutput::ended(const SessionAttempt& attempt, const WrittenOutput& output) {
  const std::string notice = dropped_notice(attempt.task, output);
  if (is_plain()) {
    out() += output.out;
    err().append(output.err).append(notice);
    return;
  }
  Open& last = open(attempt, output.tag);
  add(last, OutputStream::out, output.out);
  add(last, OutputStream::err, output.err);
  end_lines(last);
  err() += notice;
  open_.erase(attempt.task);
}

void LiveOutput::finish() {
  for (auto& [task, open] : open_) end_lines(open);
  open_.clear();
}

/// Prints the bytes, or the lines that are complete now.
void LiveOutput::add(Open& open, OutputStream stream, std::string_view bytes) {
  if (printing_ == LivePrinting::bytes) return print(open, stream, bytes);
  std::string& line = open.line[index(stream)];
  const std::size_t end = bytes.rfind('\n') + 1;  // npos + 1 is 0
  if (end > 0) {
    line += bytes.substr(0, end);
    print(open, stream, line);
    line.clear();
    bytes.remove_prefix(end);
  }
  line += bytes;
  if (line.size() <= limits::live_line_bytes) return;
  print(open, stream, line);
  line.clear();
}

void LiveOutput::print(Open& open, OutputStream stream, std::string_view text) {
  const std::string_view tag = open.tag;
  append_text(text_[index(stream)], text, has_tag_ ? &tag : nullptr,
              open.is_in_line[index(stream)]);
}

void LiveOutput::end_lines(Open& open) {
  for (const OutputStream stream : kOutputStreams) {
    std::string& line = open.line[index(stream)];
    print(open, stream, line);
    line.clear();
    if (open.is_in_line[index(stream)]) text_[index(stream)] += '\n';
    open.is_in_line[index(stream)] = false;
  }
}

}  // namespace rollcall::coordinator
