#include "worker/guardian/process.h"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <limits>
#include <string_view>
#include <utility>

#include "common/cli/own_variables.h"
#include "common/limits.h"
#include "common/os/clock.h"
#include "worker/guardian/arena.h"
#include "worker/guardian/end_descendants.h"
#include "worker/guardian/memory_use.h"
#include "worker/guardian/protocol.h"
#include "worker/guardian/setup.h"
#include "worker/guardian/spawn.h"

namespace rollcall::worker {
namespace {

/// How long the report of a start waits, so that the end of a short command makes it unnecessary.
constexpr int kReportStartsAfterMs = 2;
/// With this many unreported starts, they are reported at once.
constexpr std::uint32_t kStartsReported = limits::spawns_in_flight / 2;

/// Pointers in addition to those to the strings of a request: to the variables of the guardian, and
/// null pointers.
constexpr std::size_t kSparePointers = 16'384;
/// Enough for every request whose strings are in its packet.
constexpr std::size_t kFirstPointers = kGuardianPacketStrings + kSparePointers;

/// A slot. A command that has ended holds it until the rest of its process group has ended.
struct Entry {
  pid_t pid = 0;  ///< the command and its group; 0: free
  pid_t pin = 0;  ///< a process of ours in the group of a command that has ended; 0: none
  bool is_reported = false;
  std::uint32_t place = 0;   ///< while it runs: see Places
  std::uint64_t number = 0;  ///< of its request
  std::int64_t started_ns = 0;
  std::uint64_t max_memory = 0;      ///< 0: not watched, or not any more
  std::int64_t memory_check_ns = 0;  ///< when its memory is to be measured
  bool has_exceeded_memory = false;
};

/// The places of commands that run at once, from 0. A worker's own slots are more than those, for
/// commands that wait.
class Places {
 public:
  /// The lowest free one.
  std::uint32_t free() const {
    std::size_t word = 0;
    while (~taken_[word] == 0) ++word;
    return static_cast<std::uint32_t>(word * kBits) +
           static_cast<std::uint32_t>(std::countr_one(taken_[word]));
  }
  void take(std::uint32_t place) { taken_[place / kBits] |= bit(place); }
  void leave(std::uint32_t place) { taken_[place / kBits] &= ~bit(place); }

 private:
  static constexpr std::size_t kBits = 64;
  static std::uint64_t bit(std::uint32_t place) { return std::uint64_t{1} << place % kBits; }

  std::array<std::uint64_t, limits::commands / kBits> taken_{};
};

/// "ROLLCALL_SLOT=7".
class SlotVariable {
 public:
  char* set(std::uint32_t slot) {
    char* const end =
        std::to_chars(text_.data() + kName.size(), text_.data() + text_.size(), slot).ptr;
    *end = '\0';
    return text_.data();
  }

 private:
  static constexpr std::string_view kName = "ROLLCALL_SLOT=";
  std::array<char, 32> text_ = [] {
    std::array<char, 32> text{};
    std::ranges::copy(kName, text.begin());
    return text;
  }();
};

/// The descriptors of a request, by position; -1: none.
using Files = std::array<int, 5>;

bool read_file(int file, char* to, std::size_t size) {
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = ::pread(file, to + at, size - at, static_cast<off_t>(at));
    if (got <= 0) return false;
    at += static_cast<std::size_t>(got);
  }
  return true;
}

/// True if `variable` ("NAME=VALUE") has the name of `other`.
bool same_name(const char* variable, const char* other) {
  const char* const end = ::strchrnul(variable, '=');
  const auto size = static_cast<std::size_t>(end - variable);
  return std::strncmp(variable, other, size) == 0 && other[size] == '=';
}

/// Adds a process of ours to the group, so that its number is not used again. Returns 0 if the
/// group has no members left.
pid_t pin_group(pid_t group) {
  const pid_t pin = ::fork();
  if (pin == 0) {
    ::close(kGuardianSocket);
    ::close(kGuardianSignals);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) ::pause();
  }
  if (pin < 0 || ::setpgid(pin, group) == 0) return pin < 0 ? 0 : pin;
  ::kill(pin, SIGKILL);
  ::waitpid(pin, nullptr, 0);
  return 0;
}

class GuardianProcess {
 public:
  explicit GuardianProcess(const GuardianTerms& terms)
      : terms_(terms),
        entries_(GuardianArena<Entry>(limits::commands).data()),
        strings_(kGuardianPacketStrings),
        pointers_(kFirstPointers),
        base_(own_variables()) {}

  void run(int child_signals) {
    std::array<pollfd, 3> awaited{
        {{kGuardianSocket, POLLIN, 0}, {child_signals, POLLIN, 0}, {kGuardianSignals, POLLIN, 0}}};
    for (;;) {
      // Without POLLIN, poll() still notices the end of the worker.
      awaited[0].events = running_ < terms_.most ? POLLIN : 0;
      const int ready = ::poll(awaited.data(), awaited.size(), timeout_ms());
      if (watched_ > 0) check_memory();
      if (ready == 0 || unreported_ >= kStartsReported) report_starts();
      if (awaited[1].revents != 0) {
        signalfd_siginfo info{};
        if (::read(child_signals, &info, sizeof info) > 0) reap();
      }
      if ((awaited[2].revents & POLLIN) != 0) take_signals();
      const bool may_take = awaited[0].revents != 0 || awaited[1].revents != 0;
      if (!flush() || (awaited[0].revents & POLLHUP) != 0) return;
      if (may_take && running_ < terms_.most && !(take_request() && flush())) return;
    }
  }

 private:
  /// How long poll() may wait.
  int timeout_ms() const {
    const int starts = unreported_ > 0 ? kReportStartsAfterMs : -1;
    if (watched_ == 0) return starts;
    constexpr std::int64_t kMs = 1'000'000;
    const std::int64_t left = next_memory_check_ns_ - to_ns(os::now());
    const int check = static_cast<int>((std::max<std::int64_t>(left, 0) + kMs - 1) / kMs);
    return starts < 0 ? check : std::min(starts, check);
  }

  /// The environment that all commands have in common.
  static char** own_variables() {
    std::size_t count = 0;
    while (environ[count] != nullptr) ++count;
    char** const kept = GuardianArena<char*>(count + 1).data();
    char** end = kept;
    for (std::size_t i = 0; i < count && i < kSparePointers / 2; ++i) {
      if (!cli::is_own_variable(environ[i])) *end++ = environ[i];
    }
    return kept;
  }

  // Requests.

  /// Takes a request, unless another guardian was quicker. Returns false if the worker is gone.
  bool take_request() {
    GuardianRequest request;
    Files files{-1, -1, -1, -1, -1};
    const ssize_t got = receive(request, files);
    if (got < 0 && errno == EAGAIN) return true;
    const bool is_in_file = request.bytes > kGuardianPacketStrings;
    const std::size_t size = sizeof request + (is_in_file ? 0 : request.bytes);
    const bool is_sound = got == static_cast<ssize_t>(size) && request.slot < limits::commands &&
                          request.bytes <= limits::command_bytes &&
                          request.args + request.variables <= limits::command_strings;
    if (!is_sound) return false;
    last_number_ = request.number;
    // A descriptor is missing if this process has too many open files.
    const std::size_t optional = (request.has_input != 0 ? 1U : 0U) +
                                 (request.has_group != 0 ? 1U : 0U) + (is_in_file ? 1U : 0U);
    const int last = files[1U + optional];
    if (last < 0) {
      add_not_started(request.slot, {-1, EMFILE, false});
    } else if (!has_room(request)) {
      add_not_started(request.slot, {-1, ENOMEM, false});
    } else if (is_in_file && !read_file(last, strings_.data(), request.bytes)) {
      add_not_started(request.slot, {-1, EIO, false});
    } else {
      spawn(request, files);
    }
    for (const int file : files) {
      if (file >= 0) ::close(file);
    }
    return true;
  }

  bool has_room(const GuardianRequest& request) {
    return strings_.fit(request.bytes) &&
           pointers_.fit(std::size_t{request.args} + request.variables + kSparePointers);
  }

  ssize_t receive(GuardianRequest& request, Files& files) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof files)> control{};
    std::array<iovec, 2> parts{
        {{&request, sizeof request}, {strings_.data(), kGuardianPacketStrings}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(kGuardianSocket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    const cmsghdr* const header = got > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
    if (header != nullptr && header->cmsg_type == SCM_RIGHTS) {
      std::memcpy(files.data(), CMSG_DATA(header), header->cmsg_len - CMSG_LEN(0));
    }
    return got;
  }

  void spawn(const GuardianRequest& request, const Files& files) {
    SpawnPlan plan;
    plan.output = files[0];
    plan.error_output = files[1];
    plan.input = request.has_input != 0 ? files[2] : -1;
    if (request.has_group != 0) plan.group = files[request.has_input != 0 ? 3 : 2];
    plan.nice = static_cast<int>(request.nice);
    const std::uint32_t place = places_.free();
    lay_out(request, slot_.set(terms_.first_slot + place), plan);
    const Instant now = os::now();
    const SpawnResult result =
        take_unwanted(request.number) ? SpawnResult{-1, ECANCELED, false} : spawn_process(plan);
    if (result.pid < 0) {
      add_not_started(request.slot, result);
      return;
    }
    Entry& entry = entries_[request.slot];
    // A free slot means that SIGKILL was requested for its last group; the request may be on its
    // way.
    signal_group(entry, SIGKILL);
    entry = {result.pid, 0, false, place, request.number, to_ns(now), request.max_memory};
    if (request.max_memory > 0) watch_memory(entry, now);
    places_.take(place);
    ++running_;
    if (used_ <= request.slot) used_ = request.slot + 1;
    ++unreported_;
  }

  void add_not_started(std::uint32_t slot, const SpawnResult& result) {
    GuardianEvent event;
    event.kind = GuardianEvent::Kind::not_started;
    event.slot = slot;
    event.value = result.error;
    event.in_cwd = result.in_cwd ? 1 : 0;
    event.started_ns = event.ended_ns = to_ns(os::now());
    add(event);
  }

  /// Sets the pointers of the plan into strings_.
  void lay_out(const GuardianRequest& request, char* slot, SpawnPlan& plan) {
    char* text = strings_.data();
    const auto next = [&text] {
      char* const begin = text;
      text += std::strlen(text) + 1;
      return begin;
    };
    plan.cwd = next();
    plan.args = pointers_.data() + 1;
    char** end = plan.args;
    for (std::uint32_t i = 0; i < request.args; ++i) *end++ = next();
    *end++ = nullptr;
    plan.variables = end;
    for (char** variable = base_; *variable != nullptr; ++variable) *end++ = *variable;
    for (std::uint32_t i = 0; i <= request.variables; ++i) {
      char* const variable = i < request.variables ? next() : slot;
      char** place = plan.variables;
      while (place != end && !same_name(variable, *place)) ++place;
      *place = variable;
      if (place == end) ++end;
    }
    *end = nullptr;
  }

  void take_signals() {
    GuardianSignal wanted;
    while (::recv(kGuardianSignals, &wanted, sizeof wanted, MSG_DONTWAIT) == sizeof wanted) {
      if (wanted.slot >= limits::commands) continue;
      if (wanted.number > last_number_) {
        add_unwanted(wanted.number);
      } else if (entries_[wanted.slot].number == wanted.number) {
        signal_group(entries_[wanted.slot], wanted.signal);
      }
    }
  }

  /// Other guardians may have taken some of these. The requests still to come have the highest
  /// numbers, and there is room for all of them.
  void add_unwanted(std::uint64_t number) {
    const auto end = unwanted_.begin() + unwanted_count_;
    if (std::find(unwanted_.begin(), end, number) != end) return;
    if (unwanted_count_ < unwanted_.size()) {
      unwanted_[unwanted_count_++] = number;
      return;
    }
    std::uint64_t& least = *std::min_element(unwanted_.begin(), unwanted_.end());
    least = std::max(least, number);
  }

  /// Returns true if this request was called off, and forgets that.
  bool take_unwanted(std::uint64_t number) {
    const auto end = unwanted_.begin() + unwanted_count_;
    const auto found = std::find(unwanted_.begin(), end, number);
    if (found == end) return false;
    *found = unwanted_[--unwanted_count_];
    return true;
  }

  static void signal_group(Entry& entry, int signal) {
    if (entry.pid == 0) return;
    ::kill(-entry.pid, signal);
    if (entry.pin != 0 && signal == SIGKILL) entry = {};
  }

  // Memory.

  void watch_memory(Entry& entry, Instant now) {
    entry.memory_check_ns = to_ns(now + until_memory_check(entry.max_memory, 0));
    if (watched_++ == 0) next_memory_check_ns_ = entry.memory_check_ns;
    next_memory_check_ns_ = std::min(next_memory_check_ns_, entry.memory_check_ns);
  }

  void stop_watching_memory(Entry& entry) {
    if (std::exchange(entry.max_memory, 0) > 0) --watched_;
  }

  void check_memory() {
    const Instant now = os::now();
    if (to_ns(now) < next_memory_check_ns_) return;
    next_memory_check_ns_ = std::numeric_limits<std::int64_t>::max();
    for (std::uint32_t slot = 0; slot < used_; ++slot) {
      Entry& entry = entries_[slot];
      if (entry.max_memory == 0) continue;
      if (entry.memory_check_ns <= to_ns(now)) check_memory(entry, now);
      if (entry.max_memory == 0) continue;
      next_memory_check_ns_ = std::min(next_memory_check_ns_, entry.memory_check_ns);
    }
  }

  void check_memory(Entry& entry, Instant now) {
    const std::uint64_t used = memory_use_.measure(entry.pid, entry.max_memory);
    if (used <= entry.max_memory) {
      entry.memory_check_ns = to_ns(now + until_memory_check(entry.max_memory, used));
      return;
    }
    memory_use_.kill();
    ::kill(-entry.pid, SIGKILL);
    entry.has_exceeded_memory = true;
    stop_watching_memory(entry);
  }

  // Ends.

  void reap() {
    for (;;) {
      // It stays a zombie until its group was signalled, so that its number is not used again.
      siginfo_t info{};
      if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return;
      const pid_t pid = info.si_pid;
      const auto is_its = [pid](const Entry& e) { return e.pid == pid || e.pin == pid; };
      Entry* const entry = std::find_if(entries_, entries_ + used_, is_its);
      if (entry == entries_ + used_) {
        ::waitpid(pid, nullptr, 0);  // an adopted orphan
      } else if (entry->pid == pid) {
        ended(static_cast<std::uint32_t>(entry - entries_));
      } else {
        // Its group has killed itself.
        signal_group(*entry, SIGKILL);
        ::waitpid(pid, nullptr, 0);
      }
    }
  }

  void ended(std::uint32_t slot) {
    Entry& entry = entries_[slot];
    const std::int64_t now = to_ns(os::now());
    ::kill(-entry.pid, SIGTERM);
    rusage used{};
    int status = 0;
    ::wait4(entry.pid, &status, 0, &used);
    const auto ns = [](const timeval& t) { return t.tv_sec * 1'000'000'000 + t.tv_usec * 1'000; };
    GuardianEvent event;
    event.kind = GuardianEvent::Kind::ended;
    event.slot = slot;
    event.value = status;
    event.group_lives = keep_group(entry) ? 1 : 0;
    event.started_ns = entry.started_ns;
    event.ended_ns = now;
    event.cpu_ns = ns(used.ru_utime) + ns(used.ru_stime);
    event.peak_rss_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
    // It may have ended by itself before the signal.
    event.out_of_memory = entry.has_exceeded_memory && WIFSIGNALED(status) ? 1 : 0;
    stop_watching_memory(entry);
    if (!entry.is_reported) --unreported_;
    entry.is_reported = true;
    --running_;
    places_.leave(entry.place);
    if (event.group_lives == 0) entry = {};
    add(event);
  }

  /// Returns true if the group has members left; they may get SIGKILL later.
  bool keep_group(Entry& entry) {
    if (::kill(-entry.pid, 0) != 0) return false;
    const auto is_pinned = [](const Entry& other) { return other.pin != 0; };
    const auto pinned = std::count_if(entries_, entries_ + used_, is_pinned);
    if (pinned < terms_.groups_left) entry.pin = pin_group(entry.pid);
    if (entry.pin == 0) ::kill(-entry.pid, SIGKILL);
    return entry.pin != 0;
  }

  // Events.

  void report_starts() {
    for (std::uint32_t slot = 0; slot < used_ && unreported_ > 0; ++slot) {
      Entry& entry = entries_[slot];
      if (entry.pid == 0 || entry.is_reported) continue;
      GuardianEvent event;
      event.slot = slot;
      event.started_ns = entry.started_ns;
      add(event);
      entry.is_reported = true;
      --unreported_;
    }
  }

  void add(const GuardianEvent& event) {
    if (count_ == events_.size()) flush();
    events_[count_++] = event;
  }

  /// Returns false if the worker is gone.
  bool flush() {
    const std::size_t size = std::exchange(count_, 0) * sizeof(GuardianEvent);
    return size == 0 || ::send(kGuardianSocket, events_.data(), size, MSG_NOSIGNAL) >= 0;
  }

  GuardianTerms terms_;
  Entry* entries_;
  GuardianArena<char> strings_;
  GuardianArena<char*> pointers_;
  char** base_;
  Places places_;
  SlotVariable slot_;
  std::uint32_t used_ = 0;        ///< slots from here on were never used
  std::uint32_t unreported_ = 0;  ///< starts that the worker does not know yet
  std::uint32_t running_ = 0;
  std::uint32_t watched_ = 0;  ///< commands whose memory is measured
  std::int64_t next_memory_check_ns_ = 0;
  MemoryUse memory_use_;
  std::uint64_t last_number_ = 0;  ///< of the last request taken
  /// Requests that were called off before they arrived.
  std::array<std::uint64_t, limits::spawns_in_flight> unwanted_{};
  std::size_t unwanted_count_ = 0;
  std::array<GuardianEvent, kGuardianEvents> events_{};
  std::size_t count_ = 0;
};

}  // namespace

static_assert(limits::commands * sizeof(Entry) + kGuardianPacketStrings +
                  (kFirstPointers + kSparePointers / 2) * sizeof(char*) <=
              kGuardianBytes);

void guard(int socket, int signals, const GuardianTerms& terms) {
  set_up_guardian(socket, signals, terms.descriptors);
  sigset_t child_ended;
  ::sigemptyset(&child_ended);
  ::sigaddset(&child_ended, SIGCHLD);
  const int child_signals = ::signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK);
  if (child_signals < 0) ::_exit(1);
  GuardianProcess process(terms);
  process.run(child_signals);
  end_descendants();
  ::_exit(0);
}

}  // namespace rollcall::worker
