// Prints the output of commands, task by task.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "common/limits.h"
#include "common/model/ids.h"
#include "coordinator/exec/results/held_output.h"
#include "coordinator/exec/results/spool_reader.h"

namespace rollcall::coordinator {

/// Whether output is printed while its command runs, mixed with that of others.
enum class LivePrinting : std::uint8_t {
  none,   ///< the output of each task is printed together
  lines,  ///< only whole lines are printed
  bytes,  ///< as they arrive
};

/// The output of a task's last attempt.
struct WrittenOutput {
  std::string_view tag;  ///< printed if Settings::tag
  std::string_view out;
  std::string_view err;
  std::uint64_t out_dropped = 0;  ///< bytes beyond `out` that were dropped
  std::uint64_t err_dropped = 0;
  /// Bytes in the spool that precede `out` and `err`.
  std::optional<SpooledOutput> spooled = std::nullopt;
};

/// Concatenates the output of tasks without mixing any two. Standard output goes to out(), standard
/// error to err(). The owner writes and clears both. One thread. Output beyond
/// Settings::memory_bytes is written to a file, which may block; so may print_more(), which reads
/// the spool. Errors are permanent; after one, nothing more may be called.
class CommandOutput {
 public:
  struct Settings {
    bool keep_order = false;                 ///< in task order; otherwise as tasks end
    bool tag = false;                        ///< prefix each line with the tag and a tab
    std::size_t memory_bytes = 0;            ///< output held in memory until its turn
    std::string temporary_directory;         ///< for the file that holds the rest
    LivePrinting live = LivePrinting::none;  ///< otherwise LiveOutput prints
  };

  explicit CommandOutput(const Settings& settings);

  /// Where spooled output is. Must be called before the first of it.
  void use_spool(std::shared_ptr<SpoolReader> spool) { spool_ = std::move(spool); }

  /// Must be called once for each task, even without output. Fails if the output cannot be held, or
  /// if another attempt at the task was printed early in part.
  Result<void> ended(TaskId task, const WrittenOutput& output);
  /// Prints the output of this attempt as it arrives in the spool: with `keep_order` as soon as all
  /// earlier tasks are printed, otherwise after the tasks that have ended so far. Other tasks wait
  /// until it has ended(). A later call for the same task replaces the attempt, and fails if some
  /// of another one is printed. Must not be called for a task that has ended.
  Result<void> begin_early(TaskId task, const SpoolKey& key, std::string_view tag = {});
  /// There may be more in the spool.
  void output_arrived() { is_waiting_ = false; }
  /// No more tasks will end: print_more() skips the tasks that have not ended.
  void finish() { is_finished_ = true; }

  /// Whether more output can be printed: out() and err() take little more than
  /// limits::printed_bytes at a time.
  bool has_more() const;
  /// Appends more output. To be called after out() and err() were cleared, while has_more().
  Result<void> print_more();
  /// The owner has taken over out() and err(): reports to the spool what was printed.
  void taken();

  /// Of the calls of ended(), how many of the first ones have all their output in out() and err(),
  /// or had before. Only without `keep_order`.
  std::uint64_t complete() const { return open_.empty() ? ended_ : *open_.begin(); }

  std::string& out() { return text_.out; }
  std::string& err() { return text_.err; }

 private:
  /// Output that is at least in part in the spool. Its end waits in held_.
  struct Spooled {
    TaskId task{};
    SpoolKey key;
    std::string tag{};
    bool has_ended = false;  ///< otherwise the fields below are not known yet
    std::array<std::uint64_t, kOutputStreams.size()> bytes{};  ///< in the spool
    std::string notice{};
    // What is printed of it.
    std::array<std::uint64_t, kOutputStreams.size()> printed{};
    std::array<bool, kOutputStreams.size()> is_in_line{};

    bool is_printed() const { return printed[0] + printed[1] > 0; }
  };
  using Place = std::uint64_t;  ///< in the sequence of tasks: with keep_order, their numbers

  void note_ended(Place place);
  Place place_of_ended(TaskId task);
  Place place_of_early(TaskId task);
  Result<void> hold(Place place, TaskId task, const WrittenOutput& output);
  static Result<void> check_early(const Spooled& early, const WrittenOutput& output);
  static Error cannot_be_completed(const Spooled& early);
  bool is_spooled_next() const;
  bool is_full() const { return text_.size() >= limits::printed_bytes; }
  Result<void> print_held();
  Result<void> print_next();
  Result<void> print_spooled(Spooled& head);
  Result<std::string> read(const Spooled& head, OutputStream stream);
  Result<void> complete(Spooled& head);
  void advance();
  void append(Spooled& head, OutputStream stream, std::string&& text);
  void append(TaskOutput& to, TaskId task, const WrittenOutput& output) const;

  Settings settings_;
  std::shared_ptr<SpoolReader> spool_;
  TaskOutput text_;
  bool is_finished_ = false;
  Place next_ = 0;               ///< the first one that is not printed, or not completely
  std::vector<bool> has_ended_;  ///< keep_order: by task
  HeldOutput held_;              ///< by place
  std::map<Place, Spooled> spooled_;
  bool is_waiting_ = false;  ///< the spool has no more of the task at next_, which has not ended
  // What was appended to text_, and is not reported.
  std::map<SpoolStream, std::uint64_t> printed_;
  std::vector<SpoolKey> printed_keys_;
  // Without keep_order:
  Place end_ = 0;                          ///< that the next task gets
  std::map<TaskId, Place> early_;          ///< those that have not ended
  std::uint64_t ended_ = 0;                ///< calls of ended()
  std::map<Place, std::uint64_t> number_;  ///< of its call, of each task that waits
  std::set<std::uint64_t> open_;           ///< all in number_
};

/// Appends `text`. With a tag, each line begins with it and a tab. `is_in_line`: the stream so far
/// does not end with a newline.
void append_text(std::string& to, std::string_view text, const std::string_view* tag,
                 bool& is_in_line);

/// Returns "rollcall: task 7: 12 more bytes of standard output dropped (--max-output)\n" for each
/// stream of which bytes were dropped.
std::string dropped_notice(TaskId task, const WrittenOutput& output);

/// Writes the output of task N to DIRECTORY/N.out and DIRECTORY/N.err. The directory must exist.
/// Spooled bytes are in these files already, and kept. The error names the file and the reason.
Result<void> write_output_files(const std::string& directory, TaskId task,
                                const WrittenOutput& output);

}  // namespace rollcall::coordinator
