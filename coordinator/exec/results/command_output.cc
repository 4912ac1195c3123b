#include "coordinator/exec/results/command_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/limits.h"
#include "common/os/descriptor.h"
#include "common/os/file_io.h"

namespace rollcall::coordinator {
namespace {

/// Most bytes that are read from the spool at a time.
constexpr std::size_t kPieceBytes = 256U << 10U;

/// Ends the last line of a stream if something must follow on another line.
void end_line(std::string& to, bool is_in_line, bool is_followed) {
  if (is_in_line && is_followed) to += '\n';
}

/// Writes `bytes` behind the first `before` ones of the file.
Result<void> write_file(const std::string& path, std::uint64_t before, std::string_view bytes) {
  const int truncate = before == 0 ? O_TRUNC : 0;
  os::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | truncate, 0666));
  int error = file ? 0 : errno;
  const auto at = static_cast<off_t>(before);
  if (error == 0 && before > 0 &&
      (::ftruncate(file.get(), at) != 0 || ::lseek(file.get(), at, SEEK_SET) < 0)) {
    error = errno;
  }
  if (error == 0) error = os::write_all(file.get(), bytes);
  if (error == 0 && ::close(file.release()) != 0) error = errno;
  if (error != 0) return permanent(path + ": " + std::strerror(error));
  return {};
}

std::uint64_t before(const WrittenOutput& output, OutputStream stream) {
  return output.spooled ? output.spooled->bytes[index(stream)] : 0;
}

}  // namespace

void append_text(std::string& to, std::string_view text, const std::string_view* tag,
                 bool& is_in_line) {
  if (text.empty()) return;
  const bool ends_in_line = text.back() != '\n';
  if (tag == nullptr) to.append(text);
  while (tag != nullptr && !text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n') + 1);
    if (!is_in_line) to.append(*tag).append("\t");
    to.append(line.empty() ? text : line);
    is_in_line = line.empty();
    text.remove_prefix(line.empty() ? text.size() : line.size());
  }
  is_in_line = ends_in_line;
}

CommandOutput::CommandOutput(const Settings& settings)
    : settings_(settings), held_(settings.memory_bytes, settings.temporary_directory) {}

Result<void> CommandOutput::ended(TaskId task, const WrittenOutput& output) {
  is_waiting_ = false;
  const std::uint64_t number = ended_++;
  const bool is_first = settings_.keep_order ? index(task) == next_ : next_ == end_;
  if (is_first && !output.spooled && spooled_.empty()) {
    append(text_, task, output);
    if (!settings_.keep_order) return {};
    note_ended(index(task));
    ++next_;
    return print_held();
  }
  const Place place = place_of_ended(task);
  if (settings_.keep_order) {
    note_ended(place);
  } else {
    number_[place] = number;
    open_.insert(number);
  }
  if (Result<void> held = hold(place, task, output); !held) return held;
  return print_held();
}

void CommandOutput::note_ended(Place place) {
  if (has_ended_.size() <= place) has_ended_.resize(place + 1);
  has_ended_[place] = true;
}

CommandOutput::Place CommandOutput::place_of_ended(TaskId task) {
  if (settings_.keep_order) return index(task);
  const auto early = early_.extract(task);
  return early.empty() ? end_++ : early.mapped();
}

CommandOutput::Place CommandOutput::place_of_early(TaskId task) {
  if (settings_.keep_order) return index(task);
  const auto [early, is_new] = early_.try_emplace(task, end_);
  if (is_new) ++end_;
  return early->second;
}

Result<void> CommandOutput::begin_early(TaskId task, const SpoolKey& key, std::string_view tag) {
  const Place place = place_of_early(task);
  if (place < has_ended_.size() && has_ended_[place]) return {};
  Spooled& early = spooled_[place];
  if (early.is_printed() && !(early.key == key)) return cannot_be_completed(early);
  early.task = task;
  early.key = key;
  early.tag = tag;
  if (place == next_) is_waiting_ = false;
  return {};
}

/// Holds the output until its turn: of spooled output its end, as it is.
Result<void> CommandOutput::hold(Place place, TaskId task, const WrittenOutput& output) {
  const auto early = spooled_.find(place);
  if (early != spooled_.end()) {
    if (Result<void> fits = check_early(early->second, output); !fits) return fits;
    if (!output.spooled) spooled_.erase(early);
  }
  TaskOutput text;
  if (output.spooled) {
    Spooled& spooled = spooled_[place];
    spooled.task = task;
    spooled.key = output.spooled->key;
    spooled.tag = output.tag;
    spooled.has_ended = true;
    spooled.bytes = output.spooled->bytes;
    spooled.notice = dropped_notice(task, output);
    text = {std::string(output.out), std::string(output.err)};
  } else {
    append(text, task, output);
  }
  if (text.size() == 0) return {};
  Result<void> held = held_.hold(place, std::move(text));
  if (!held) return permanent("cannot hold output: " + held.error().message);
  return {};
}

/// What was printed of it cannot be taken back.
Result<void> CommandOutput::check_early(const Spooled& early, const WrittenOutput& output) {
  const bool is_same = output.spooled && output.spooled->key == early.key &&
                       output.spooled->bytes[0] >= early.printed[0] &&
                       output.spooled->bytes[1] >= early.printed[1];
  if (is_same || !early.is_printed()) return {};
  return cannot_be_completed(early);
}

Error CommandOutput::cannot_be_completed(const Spooled& early) {
  const std::uint64_t printed = early.printed[0] + early.printed[1];
  return permanent(
      fmt::format("task {}: its output cannot be completed: {} of an attempt that was given up {} "
                  "printed",
                  index(early.task), printed == 1 ? "1 byte" : fmt::format("{} bytes", printed),
                  printed == 1 ? "is" : "are"));
}

bool CommandOutput::has_more() const {
  if (!spooled_.empty() && spooled_.begin()->first == next_) {
    return spooled_.begin()->second.has_ended || is_finished_ || !is_waiting_;
  }
  if (!settings_.keep_order) return next_ < end_;
  return next_ < has_ended_.size() && (is_finished_ || has_ended_[next_]);
}

bool CommandOutput::is_spooled_next() const {
  return !spooled_.empty() && spooled_.begin()->first == next_;
}

/// Prints what it can without the spool, which must not be read while the streams are behind.
Result<void> CommandOutput::print_held() {
  Result<void> printed;
  while (printed && has_more() && !is_spooled_next() && !is_full()) printed = print_next();
  return printed;
}

Result<void> CommandOutput::print_more() {
  Result<void> printed;
  while (printed && has_more() && !is_full()) {
    const bool is_spooled = is_spooled_next();
    printed = is_spooled ? print_spooled(spooled_.begin()->second) : print_next();
    if (is_spooled && text_.size() >= kPieceBytes) break;  // another piece would be copied
  }
  return printed;
}

Result<void> CommandOutput::print_next() {
  const Result<std::optional<TaskOutput>> held = held_.take(next_);
  if (!held) return permanent("cannot hold output: " + held.error().message);
  if (*held) {
    text_.out += (*held)->out;
    text_.err += (*held)->err;
  }
  advance();
  return {};
}

/// Prints a piece of each stream; the end of the output if there is nothing more in the spool.
Result<void> CommandOutput::print_spooled(Spooled& head) {
  if (!head.has_ended && is_finished_) {
    spooled_.erase(spooled_.begin());
    return print_next();
  }
  bool is_any_printed = false;
  for (const OutputStream stream : kOutputStreams) {
    Result<std::string> piece = read(head, stream);
    if (!piece) return piece.error();
    if (piece->empty()) continue;
    is_any_printed = true;
    head.printed[index(stream)] += piece->size();
    printed_[{head.key, stream}] = head.printed[index(stream)];
    append(head, stream, std::move(*piece));
  }
  if (is_any_printed) return {};
  is_waiting_ = !head.has_ended;
  return head.has_ended ? complete(head) : Result<void>();
}

/// The next piece; empty if all of the stream is read, or if no more has arrived.
Result<std::string> CommandOutput::read(const Spooled& head, OutputStream stream) {
  const std::uint64_t from = head.printed[index(stream)];
  const std::uint64_t left = head.has_ended ? head.bytes[index(stream)] - from : kPieceBytes;
  if (left == 0) return std::string();
  const SpoolStream of{head.key, stream};
  const std::size_t most = std::min<std::uint64_t>(left, kPieceBytes);
  Result<std::string> piece = spool_->read(of, from, most);
  if (piece && piece->empty() && head.has_ended) {
    const Result<void> written = spool_->wait_until_written(head.key);
    if (written) piece = spool_->read(of, from, most);
    if (!written) piece = written.error();
    if (piece && piece->empty()) piece = permanent("its end is not in the spool");
  }
  if (piece) return piece;
  return permanent(fmt::format("cannot print the output of task {}: {}", index(head.task),
                               piece.error().message));
}

Result<void> CommandOutput::complete(Spooled& head) {
  Result<std::optional<TaskOutput>> held = held_.take(next_);
  if (!held) return permanent("cannot hold output: " + held.error().message);
  if (*held) {
    append(head, OutputStream::out, std::move((*held)->out));
    append(head, OutputStream::err, std::move((*held)->err));
  }
  end_line(text_.out, head.is_in_line[index(OutputStream::out)], settings_.tag);
  end_line(text_.err, head.is_in_line[index(OutputStream::err)],
           settings_.tag || !head.notice.empty());
  text_.err += head.notice;
  printed_keys_.push_back(head.key);
  spooled_.erase(spooled_.begin());
  advance();
  return {};
}

/// The task at next_ is printed.
void CommandOutput::advance() {
  is_waiting_ = false;
  const auto number = number_.extract(next_++);
  if (!number.empty()) open_.erase(number.mapped());
}

void CommandOutput::taken() {
  for (const auto& [stream, bytes] : std::exchange(printed_, {})) spool_->printed(stream, bytes);
  for (const SpoolKey& key : std::exchange(printed_keys_, {})) spool_->printed(key);
}

/// Takes over a whole piece if it can: copies would be a large part of the work.
void CommandOutput::append(Spooled& head, OutputStream stream, std::string&& text) {
  std::string& to = stream == OutputStream::out ? text_.out : text_.err;
  bool& is_in_line = head.is_in_line[index(stream)];
  if (settings_.tag || !to.empty()) {
    const std::string_view tag = head.tag;
    return append_text(to, text, settings_.tag ? &tag : nullptr, is_in_line);
  }
  if (!text.empty()) is_in_line = text.back() != '\n';
  to = std::move(text);
}

/// Appends all of an output that is not spooled.
void CommandOutput::append(TaskOutput& to, TaskId task, const WrittenOutput& output) const {
  const std::string_view* const tag = settings_.tag ? &output.tag : nullptr;
  bool is_in_line = false;
  append_text(to.out, output.out, tag, is_in_line);
  end_line(to.out, is_in_line, settings_.tag);
  is_in_line = false;
  append_text(to.err, output.err, tag, is_in_line);
  if (output.out_dropped == 0 && output.err_dropped == 0) {
    return end_line(to.err, is_in_line, settings_.tag);
  }
  end_line(to.err, is_in_line, true);
  to.err += dropped_notice(task, output);
}

std::string dropped_notice(TaskId task, const WrittenOutput& output) {
  std::string notice;
  const auto add = [&](std::uint64_t bytes, const char* stream) {
    if (bytes == 0) return;
    notice += fmt::format("rollcall: task {}: {} more {} of {} dropped (--max-output)\n",
                          index(task), bytes, bytes == 1 ? "byte" : "bytes", stream);
  };
  add(output.out_dropped, "standard output");
  add(output.err_dropped, "standard error");
  return notice;
}

Result<void> write_output_files(const std::string& directory, TaskId task,
                                const WrittenOutput& output) {
  const std::string path = fmt::format("{}/{}", directory, index(task));
  Result<void> written = write_file(path + ".out", before(output, OutputStream::out), output.out);
  if (!written) return written;
  return write_file(path + ".err", before(output, OutputStream::err), output.err);
}

}  // namespace rollcall::coordinator
