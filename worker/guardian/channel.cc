#include "worker/guardian/channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "worker/guardian/memory_file.h"

namespace rollcall::worker {
namespace {

/// How long to wait before resending descriptors that the system could not carry.
constexpr std::chrono::milliseconds kRetry{2};

void append(std::string& bytes, const std::string& text) {
  bytes.append(text.c_str(), text.size() + 1);
}

}  // namespace

GuardianChannel::GuardianChannel(boost::asio::io_context& loop, Guardians guardians,
                                 Handlers handlers)
    : guardians_(std::move(guardians)),
      stream_(loop, guardians_.socket()),
      retry_(loop),
      signals_retry_(loop),
      check_(loop),
      handlers_(std::move(handlers)) {
  await_events();
  for (const Guardians::One& one : guardians_.each()) ends_.emplace_back(loop, one.signals.get());
  for (std::size_t i = 0; i < ends_.size(); ++i) await_end(i);
}

GuardianChannel::~GuardianChannel() {
  // guardians_ closes the descriptors.
  stream_.release();
  for (auto& end : ends_) end.release();
}

std::uint64_t GuardianChannel::spawn(std::uint32_t slot, const Command& command,
                                     const SpawnTerms& terms, CommandFiles files) {
  GuardianRequest request;
  request.number = number_ + 1;
  request.slot = slot;
  request.args = static_cast<std::uint32_t>(command.args.size());
  request.variables = static_cast<std::uint32_t>(command.env.size());
  request.has_input = files.input ? 1 : 0;
  request.has_group = files.group ? 1 : 0;
  request.nice = terms.nice;
  request.max_memory = terms.max_memory;
  std::string bytes(sizeof request, '\0');
  append(bytes, command.cwd);
  for (const std::string& argument : command.args) append(bytes, argument);
  for (const std::string& variable : command.env) append(bytes, variable);
  request.bytes = static_cast<std::uint32_t>(bytes.size() - sizeof request);
  std::memcpy(bytes.data(), &request, sizeof request);
  if (request.bytes > kGuardianPacketStrings) {
    files.strings = memory_file("strings", std::string_view(bytes).substr(sizeof request));
    if (!files.strings) return 0;
    bytes.resize(sizeof request);
  }
  ++number_;
  if (is_gone_) return number_;
  ++open_;
  if (!is_checking_) check_later();
  outbox_.push_back({std::move(bytes), std::move(files)});
  if (!is_waiting_) send();
  return number_;
}

std::vector<pid_t> GuardianChannel::guardians() const {
  std::vector<pid_t> pids;
  pids.reserve(guardians_.each().size());
  for (const Guardians::One& one : guardians_.each()) pids.push_back(one.pid);
  return pids;
}

void GuardianChannel::signal(std::uint32_t slot, std::uint64_t number, int signal) {
  if (is_gone_) return;
  const bool is_sending = !signals_.empty();
  // Which guardian has the command, or will take it, is not known here.
  for (const Guardians::One& one : guardians_.each()) {
    signals_.push_back({one.signals.get(), {number, slot, signal}});
  }
  if (!is_sending) send_signals();
}

void GuardianChannel::send_signals() {
  for (; !signals_.empty(); signals_.pop_front()) {
    const auto& [socket, signal] = signals_.front();
    if (::send(socket, &signal, sizeof signal, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) continue;
    signals_retry_.expires_after(kRetry);
    signals_retry_.async_wait(while_alive([this] {
      if (!is_gone_) send_signals();
    }));
    return;
  }
}

void GuardianChannel::send() {
  while (!outbox_.empty()) {
    if (!send_request(guardians_.socket(), outbox_.front())) {
      // With any other error the guardians are gone, which read_events() will notice.
      if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS) {
        await_room();
      }
      return;
    }
    outbox_.pop_front();
  }
}

bool GuardianChannel::send_request(int socket, const Outgoing& request) {
  std::array<int, 5> files{request.files.output.get(), request.files.error_output.get()};
  std::size_t count = 2;
  if (request.files.input) files[count++] = request.files.input.get();
  if (request.files.group) files[count++] = request.files.group.get();
  if (request.files.strings) files[count++] = request.files.strings.get();
  const std::size_t files_size = count * sizeof(int);
  iovec part{const_cast<char*>(request.bytes.data()), request.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof files)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(files_size);
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(files_size);
  std::memcpy(CMSG_DATA(header), files.data(), files_size);
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

void GuardianChannel::await_room() {
  is_waiting_ = true;
  const auto go_on = while_alive([this] {
    is_waiting_ = false;
    send();
  });
  if (errno == EAGAIN) {
    stream_.async_wait(boost::asio::posix::stream_descriptor::wait_write, go_on);
  } else {
    retry_.expires_after(kRetry);
    retry_.async_wait(go_on);
  }
}

void GuardianChannel::await_events() {
  stream_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     while_alive([this] { read_events(); }));
}

void GuardianChannel::await_end(std::size_t guardian) {
  ends_[guardian].async_wait(
      boost::asio::posix::stream_descriptor::wait_read, while_alive([this, guardian] {
        // The loop may report a descriptor too early, for one that was registered before it.
        char none = 0;
        const ssize_t got =
            ::recv(ends_[guardian].native_handle(), &none, 1, MSG_DONTWAIT | MSG_PEEK);
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return await_end(guardian);
        gone("a guardian of commands was killed");
      }));
}

void GuardianChannel::read_events() {
  std::size_t count = 0;
  // Events of several guardians are passed on together.
  while (events_.size() - count >= kGuardianEvents) {
    const ssize_t got = ::recv(guardians_.socket(), events_.data() + count,
                               kGuardianEvents * sizeof(GuardianEvent), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
    if (got <= 0) return gone("a guardian of commands was killed");
    count += static_cast<std::size_t>(got) / sizeof(GuardianEvent);
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (events_[i].kind != GuardianEvent::Kind::started) --open_;
  }
  await_events();
  if (count > 0) handlers_.on_events({events_.data(), count});
}

void GuardianChannel::check_later() {
  is_checking_ = true;
  check_.expires_after(limits::guardian_check);
  check_.async_wait(while_alive([this] { check(); }));
}

/// Checks are counted rather than timed: if the whole machine was suspended, a guardian may go on a
/// little later than this process. A guardian that waits for a slow file system is not stopped.
void GuardianChannel::check() {
  is_checking_ = false;
  if (is_gone_ || open_ == 0) {
    stopped_checks_ = 0;
    return;
  }
  stopped_checks_ = guardians_.is_any_stopped() ? stopped_checks_ + 1 : 0;
  if (stopped_checks_ == limits::guardian_stopped_checks) {
    return gone("a guardian of commands was stopped");
  }
  check_later();
}

void GuardianChannel::gone(const std::string& reason) {
  if (is_gone_) return;
  is_gone_ = true;
  outbox_.clear();
  signals_.clear();
  handlers_.on_gone(reason);
}

}  // namespace rollcall::worker
