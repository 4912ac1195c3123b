#include "worker/executors/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <utility>

#include "common/base/text.h"
#include "common/limits.h"
#include "worker/guardian/memory_file.h"

namespace rollcall::worker {
namespace {

/// Returns errno, or 0.
int open_pipe(os::Descriptor& reading, os::Descriptor& writing) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno;
  reading = os::Descriptor(ends[0]);
  writing = os::Descriptor(ends[1]);
  return 0;
}

/// Returns errno, or 0.
int open_input(const std::string& bytes, os::Descriptor& input) {
  if (bytes.empty()) return 0;
  input = memory_file("standard input", bytes);
  return input ? 0 : errno;
}

std::shared_ptr<OutputBuffer> buffer_of(const Child& child, OutputStream stream) {
  if (!child.output) return nullptr;
  return {child.output, &child.output->of(stream)};
}

}  // namespace

Instant Child::due() const {
  if (is_killed) return kNever;
  if (state == State::left) return terminated + kill_after;
  Instant first = kNever;
  if (state == State::running && !is_watched) first = result.started + limits::read_output_after;
  if (stop != Stop::no) {
    first = std::min(first, terminated + kill_after);
  } else if (state == State::running && command.timeout > Duration{}) {
    first = std::min(first, result.started + command.timeout);
  }
  return first;
}

void forget_request(Command& command) {
  command.args.resize(1);
  command.env = {};
  std::string().swap(command.input);  // an assignment would keep the memory
}

int refusal(const Command& command) {
  if (command.args.empty()) return EINVAL;
  std::size_t bytes = 0;
  bool has_nul = false;
  const auto add = [&](const std::string& text) {
    bytes += text.size() + 1;
    has_nul = has_nul || text.find('\0') != std::string::npos;
  };
  add(command.cwd);
  for (const std::string& argument : command.args) add(argument);
  for (const std::string& variable : command.env) add(variable);
  if (has_nul) return EINVAL;
  const bool fits = bytes <= limits::command_bytes &&
                    command.args.size() + command.env.size() <= limits::command_strings;
  return fits ? 0 : E2BIG;
}

int open_files(Child& child, CommandFiles& files) {
  os::Descriptor out;
  os::Descriptor err;
  int error = open_pipe(out, files.output);
  if (error == 0) error = open_pipe(err, files.error_output);
  if (error == 0) error = open_input(child.command.input, files.input);
  if (error != 0) return error;
  child.out.open(std::move(out), child.max_output, buffer_of(child, OutputStream::out));
  child.err.open(std::move(err), child.max_output, buffer_of(child, OutputStream::err));
  return 0;
}

void set_not_started(Child& child, int error, bool in_cwd, Instant now) {
  const std::string program = child.command.args.empty() ? "" : child.command.args.front();
  // ECANCELED: the request was called off before a guardian started it.
  child.result.end = error == ECANCELED ? CommandEnd::cancelled : CommandEnd::not_started;
  child.result.started = now;
  if (error == ECANCELED) return;
  child.result.error = error;
  child.result.error_text =
      (in_cwd ? "cannot enter " + child.command.cwd : "cannot start " + program) + ": " +
      std::strerror(error);
}

void set_ended(Child& child, const GuardianEvent& event) {
  CommandResult& result = child.result;
  const Instant ended = instant_from_ns(event.ended_ns);
  result.started = instant_from_ns(event.started_ns);
  result.elapsed = std::max(Duration{}, ended - result.started);
  result.cpu = Duration(event.cpu_ns);
  result.peak_rss_bytes = event.peak_rss_bytes;
  if (WIFEXITED(event.value)) result.status = WEXITSTATUS(event.value);
  if (WIFSIGNALED(event.value)) result.signal = WTERMSIG(event.value);
  const bool ran_out_of_memory =
      event.out_of_memory != 0 ||
      (child.group && result.signal == SIGKILL && child.group->ran_out_of_memory());
  // It may have ended by itself before the signal.
  if (child.stop != Child::Stop::no && ended >= child.terminated) {
    result.end =
        child.stop == Child::Stop::timed_out ? CommandEnd::timed_out : CommandEnd::cancelled;
  } else if (ran_out_of_memory) {
    result.end = CommandEnd::out_of_memory;
    result.error_text = fmt::format("out of memory (limit {})", format_size(child.max_memory));
  } else {
    result.end = result.signal != 0 ? CommandEnd::signalled : CommandEnd::exited;
  }
}

}  // namespace rollcall::worker
