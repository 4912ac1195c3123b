#include "worker/guardian_channel.h"

#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace rollcall::worker {
namespace {

/// Pause before descriptors are sent again that the system would not carry.
constexpr std::chrono::milliseconds kRetry{2};

void append(std::string& bytes, const std::string& text) {
  bytes.append(text.c_str(), text.size() + 1);
}

}  // namespace

GuardianChannel::GuardianChannel(boost::asio::io_context& loop, Guardian guardian,
                                 Handlers handlers)
    : guardian_(std::move(guardian)),
      stream_(loop, guardian_.socket()),
      retry_(loop),
      signals_retry_(loop),
      handlers_(std::move(handlers)) {
  await_events();
}

GuardianChannel::~GuardianChannel() {
  stream_.release();  // the guardian's to close
}

std::uint64_t GuardianChannel::spawn(std::uint32_t slot, const Command& command, CommandFiles files,
                                     std::uint32_t most) {
  GuardianRequest request;
  request.number = ++number_;
  request.slot = slot;
  request.args = static_cast<std::uint32_t>(command.args.size());
  request.variables = static_cast<std::uint32_t>(command.env.size());
  request.has_input = files.input ? 1 : 0;
  request.most = most;
  std::string bytes(sizeof request, '\0');
  append(bytes, command.cwd);
  for (const std::string& argument : command.args) append(bytes, argument);
  for (const std::string& variable : command.env) append(bytes, variable);
  request.bytes = static_cast<std::uint32_t>(bytes.size() - sizeof request);
  std::memcpy(bytes.data(), &request, sizeof request);
  if (is_gone_) return number_;
  outbox_.push_back({std::move(bytes), 0, std::move(files)});
  if (!is_waiting_) send();
  return number_;
}

void GuardianChannel::signal(std::uint32_t slot, std::uint64_t number, int signal) {
  if (is_gone_) return;
  signals_.push_back({number, slot, signal});
  if (signals_.size() == 1) send_signals();
}

void GuardianChannel::send_signals() {
  for (; !signals_.empty(); signals_.pop_front()) {
    const ssize_t sent = ::send(guardian_.signals(), &signals_.front(), sizeof(GuardianSignal),
                                MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0) continue;
    signals_retry_.expires_after(kRetry);
    signals_retry_.async_wait([this](boost::system::error_code error) {
      if (!error && !is_gone_) send_signals();
    });
    return;
  }
}

void GuardianChannel::send() {
  while (!outbox_.empty()) {
    Outgoing& request = outbox_.front();
    const ssize_t sent = send_some(guardian_.socket(), request);
    if (sent < 0) {
      // Otherwise reading will tell that the guardian is gone.
      if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS) {
        await_room();
      }
      return;
    }
    request.sent += static_cast<std::size_t>(sent);
    request.files = {};
    if (request.sent == request.bytes.size()) outbox_.pop_front();
  }
}

ssize_t GuardianChannel::send_some(int socket, Outgoing& request) {
  const std::array<int, 3> files{request.files.output.get(), request.files.error_output.get(),
                                 request.files.input.get()};
  const std::size_t files_size =
      request.files.output ? (request.files.input ? 3 : 2) * sizeof(int) : 0;
  iovec part{request.bytes.data() + request.sent, request.bytes.size() - request.sent};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof files)> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (files_size > 0) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(files_size);
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(files_size);
    std::memcpy(CMSG_DATA(header), files.data(), files_size);
  }
  return ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

void GuardianChannel::await_room() {
  is_waiting_ = true;
  const auto go_on = [this](boost::system::error_code error) {
    if (error) return;
    is_waiting_ = false;
    send();
  };
  if (errno == EAGAIN) {
    stream_.async_wait(boost::asio::posix::stream_descriptor::wait_write, go_on);
  } else {
    retry_.expires_after(kRetry);
    retry_.async_wait(go_on);
  }
}

void GuardianChannel::await_events() {
  stream_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                     [this](boost::system::error_code error) {
                       if (!error) read_events();
                     });
}

void GuardianChannel::read_events() {
  auto* const bytes = reinterpret_cast<char*>(events_.data());
  const ssize_t got =
      ::recv(guardian_.socket(), bytes + received_, sizeof events_ - received_, MSG_DONTWAIT);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return gone();
  if (got > 0) received_ += static_cast<std::size_t>(got);
  const std::size_t whole = received_ / sizeof(GuardianEvent);
  await_events();
  if (whole == 0) return;
  handlers_.on_events({events_.data(), whole});
  received_ -= whole * sizeof(GuardianEvent);
  std::memmove(bytes, bytes + whole * sizeof(GuardianEvent), received_);
}

void GuardianChannel::gone() {
  is_gone_ = true;
  outbox_.clear();
  signals_.clear();
  handlers_.on_gone();
}

}  // namespace rollcall::worker
