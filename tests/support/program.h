// A program that a test runs as a user would: started, read, signalled, waited for.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace rollcall::integration {

/// Timeout of a test, far above what it needs on a slow machine.
inline constexpr std::chrono::seconds kLimit{40};

/// Asks again and again, some milliseconds apart, until `fact` is true. False: `limit` has passed.
bool wait_until(const std::function<bool()>& fact, std::chrono::milliseconds limit = kLimit);

/// `text` at its line ends; what follows the last one, an unfinished line, is left out.
std::vector<std::string> lines_of(const std::string& text);

/// The whole file; empty if it cannot be read or is a device.
std::string contents_of(const std::filesystem::path& file);

struct Command {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> environment;  ///< on top of the test's own
  std::string input;                               ///< on standard input
  std::filesystem::path output;                    ///< standard output; empty: captured
};

/// One process in a process group of its own. Its outputs go to files, so that it never waits for
/// the test. Killed with its group when this goes, or when the test program dies. One thread.
class Program {
 public:
  /// Starts it in `directory`, which outlives it and takes the files of its outputs.
  Program(const Command& command, const std::filesystem::path& directory);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  void signal(int number) const;
  /// What it ended with: the exit status, or minus the signal that killed it. If it is not gone
  /// after `limit`, the test fails and the program is killed.
  int wait(std::chrono::milliseconds limit = kLimit);

  /// Everything written so far.
  std::string out() const { return contents_of(out_); }
  std::string err() const { return contents_of(err_); }
  std::vector<std::string> out_lines() const { return lines_of(out()); }
  /// The lines of standard output so far that match the regular expression as a whole.
  std::vector<std::string> out_lines(const std::string& regex) const;
  /// Waits for that many such lines. Fails the test, and returns false, if they do not come or the
  /// program ends without them.
  bool wait_for_lines(const std::string& regex, std::size_t count);
  /// The same for any text on standard error.
  bool wait_for_err(const std::string& text);
  /// For failures: how it was started and what it wrote.
  std::string story() const;

 private:
  bool wait_for(const std::string& what, const std::function<bool()>& fact);

  std::string shown_;
  std::filesystem::path out_;
  std::filesystem::path err_;
  pid_t pid_ = -1;
  std::optional<int> ended_;
};

// Processes in /proc, without zombies.

/// Those whose environment has `variable=value`.
std::vector<pid_t> processes_with(const std::string& variable, const std::string& value);
std::vector<pid_t> children_of(pid_t parent);
/// Whether a signal sent to the process still waits to be delivered.
bool signal_pending(pid_t process, int number);

}  // namespace rollcall::integration
