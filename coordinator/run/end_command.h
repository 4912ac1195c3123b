// The command of --on-end.
#pragma once

#include <sys/types.h>

#include <mutex>
#include <string>

namespace rollcall::coordinator {

/// A script that is run once, when the run is over. run() and end() may be called on different
/// threads.
class EndCommand {
 public:
  /// `script`: for /bin/sh.
  explicit EndCommand(std::string script) : script_(std::move(script)) {}

  /// Runs it, with these bytes on its standard input, and waits for its end. It need not read them.
  /// Returns why it failed, or an empty text.
  std::string run(const std::string& input);
  /// Ends it if it runs, and does not let it start any more. Its process group gets SIGTERM.
  void end();

 private:
  /// 0 or errno.
  int start(int input, pid_t& pid);

  std::string script_;
  std::mutex mutex_;
  pid_t group_ = 0;  ///< 0: it does not run
  bool is_ended_ = false;
};

}  // namespace rollcall::coordinator
