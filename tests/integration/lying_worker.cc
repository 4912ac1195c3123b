// A worker that speaks the protocol but sends false messages: lying_worker ACCESS_FILE MODE.
// Exits with 0 after its Goodbye or after a Reject, whose reason it prints.
#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/access/access.h"
#include "common/net/context.h"
#include "common/net/socket.h"
#include "common/os/clock.h"
#include "common/os/random.h"
#include "common/wire/codec.h"
#include "tests/support/describe.h"

namespace rollcall::integration {
namespace {

using namespace std::chrono_literals;

enum class Mode {
  honest,
  at_once,          ///< reports the full sleep at once, so its finish is in the future
  backdated,        ///< reports the full sleep at once, with a start that far in the past
  half,             ///< sleeps for half of the time, and reports that
  other_result,     ///< reports another sleep duration than the assigned one
  clock_ahead,      ///< its clock jumps an hour ahead at the first assignment
  clock_back,       ///< its clock jumps an hour back at the first assignment
  twice,            ///< reports every outcome twice
  unassigned,       ///< also reports outcomes of tasks that it was not assigned
  no_echo,          ///< never echoes a time, so its clock is not known
  wrong_count,      ///< counts one outcome too many in its Goodbye
  old_version,      ///< sends a Hello of protocol version 1
  unknown_session,  ///< starts with a Heartbeat of an unknown session
  other_run,        ///< joins, then sends a Heartbeat for another run
  other_session,    ///< its Hello names the session of another secret
  huge_report,      ///< starts with 3 Reports of 7,500,000 empty results each
  contradiction,    ///< reports that commands with exit status 3 have succeeded
  many_hellos,      ///< sends 100,000 Hellos with different secrets
};

constexpr std::array<std::pair<std::string_view, Mode>, 18> kModes{
    {{"honest", Mode::honest},
     {"at-once", Mode::at_once},
     {"backdated", Mode::backdated},
     {"half", Mode::half},
     {"other-result", Mode::other_result},
     {"clock-ahead", Mode::clock_ahead},
     {"clock-back", Mode::clock_back},
     {"twice", Mode::twice},
     {"unassigned", Mode::unassigned},
     {"no-echo", Mode::no_echo},
     {"wrong-count", Mode::wrong_count},
     {"old-version", Mode::old_version},
     {"unknown-session", Mode::unknown_session},
     {"other-run", Mode::other_run},
     {"other-session", Mode::other_session},
     {"huge-report", Mode::huge_report},
     {"contradiction", Mode::contradiction},
     {"many-hellos", Mode::many_hellos}}};

constexpr char kOldVersion = 1;
/// In a message: magic has five bytes, and the tag of the version one.
constexpr std::size_t kVersionAt = 6;

/// A Report whose rows have two bytes each on the wire, and 100 in memory. The codec does not write
/// it.
std::string huge_report() {
  constexpr std::size_t kRows = 7'500'000;
  std::string body("\x08\x01");                                      // number: 1
  for (std::size_t i = 0; i < kRows; ++i) body.append("\x5a\0", 2);  // command_result: empty
  std::string bytes("\x0dROLL\x10\x02\x92\x01");                     // magic, protocol, report
  for (std::size_t length = body.size(); length > 0; length >>= 7U) {
    bytes += static_cast<char>((length & 0x7fU) | (length > 0x7f ? 0x80U : 0U));
  }
  return bytes + body;
}

class LyingWorker {
 public:
  LyingWorker(const Access& access, Mode mode) : mode_(mode) {
    net::ConnectOptions options{access.endpoint, std::nullopt};
    if (access.encrypted()) {
      options.curve =
          net::CurvePeer{access.server_key, {access.worker_public_key, access.worker_secret_key}};
    }
    net::Handlers handlers;
    handlers.on_message = [this](ConnectionId, std::span<const std::byte> bytes) {
      if (decode(bytes)) std::visit([this](const auto& body) { on(body); }, incoming_.body);
    };
    handlers.on_turn = [](bool) {};
    socket_ = net::Socket::connect(loop_, context_, options, std::move(handlers)).value();
    header_.session = session_of(secret_);
  }

  void run() {
    begin();
    loop_.run();
  }

 private:
  void begin() {
    switch (mode_) {
      case Mode::unknown_session:
        header_.run = os::random_id128<RunId>();
        header_.epoch = 1;
        return send(Heartbeat{});
      case Mode::huge_report:
        bytes_ = huge_report();
        for (int i = 0; i < 3; ++i) send_bytes();
        return;
      case Mode::many_hellos:
        for (int i = 0; i < 100'000; ++i) hello(os::random_id128<SessionSecret>());
        return;
      case Mode::other_session:
        header_.session = session_of(os::random_id128<SessionSecret>());
        break;
      case Mode::old_version:
        header_.protocol = kOldVersion;
        break;
      default:
        break;
    }
    hello(secret_);
  }

  void hello(const SessionSecret& secret) {
    Hello hello;
    hello.secret = secret;
    hello.nonce = 1;
    hello.host = "somewhere";
    hello.name = "liar";
    hello.command_slots = 1;
    hello.kinds = all_kinds();
    if (mode_ == Mode::many_hellos) header_.session = session_of(secret);
    send(hello);
  }

  /// A worker of version 1 reads a Reject as one of any version, if it has version 1.
  bool decode(std::span<const std::byte> bytes) {
    bytes_.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    char& version = bytes_.at(kVersionAt);
    if (mode_ == Mode::old_version && version == kOldVersion) version = kProtocolVersion;
    return codec_.decode(std::as_bytes(std::span(bytes_)), incoming_).has_value();
  }

  Instant clock() const { return os::now() + jump_; }

  void send(WorkerBody body) {
    codec_.encode(WorkerMessage{header_, std::move(body)}, bytes_);
    send_bytes();
  }

  void send_bytes() {
    if (socket_->send(ConnectionId{}, bytes_) != net::Sent::queued) std::exit(1);
  }

  /// Everything that was sent arrives.
  void end() {
    socket_->close(30s);
    loop_.stop();
  }

  void on(const Welcome& welcome) {
    if (mode_ == Mode::many_hellos) return;
    header_.run = incoming_.header.run;
    header_.epoch = incoming_.header.epoch;
    heard(welcome.sent);
    send(Inventory{echo(), welcome.nonce, 0, 0});
    beat(welcome.heartbeat_interval);
    if (mode_ == Mode::other_run) {
      header_.run = os::random_id128<RunId>();
      send(Heartbeat{});
    }
  }

  void on(const Assignment& assignment) {
    if (assignment.number != assignments_ + 1) return;
    ++assignments_;
    if (mode_ == Mode::clock_ahead) jump_ = 1h;
    if (mode_ == Mode::clock_back) jump_ = -1h;
    const AttemptColumns& attempts = assignment.attempts;
    for (std::size_t i = 0; i < attempts.size(); ++i) {
      sleep(attempts.task[i], attempts.attempt[i], attempts.pause[i]);
    }
  }

  void on(const Ack& ack) { heard(ack.sent); }
  void on(const Cancel&) {}
  void on(const Drain&) {}
  void on(const Revoke&) {}
  void on(const OutputAck&) {}
  void on(const Reject& reject) {
    std::printf("%s\n", std::string(to_string(reject.reason)).c_str());
    end();
  }
  void on(const Shutdown&) {
    const std::uint64_t more = mode_ == Mode::wrong_count ? 1 : 0;
    send(Goodbye{reports_, outcomes_ + more, 0, 0});
    end();
  }

  void heard(Instant sent) {
    heard_sent_ = sent;
    heard_at_ = clock();
  }
  TimeEcho echo() const {
    if (mode_ == Mode::no_echo) return {};
    return {heard_sent_, heard_at_, clock()};
  }

  void beat(Duration interval) {
    timers_.push_back(std::make_unique<boost::asio::steady_timer>(loop_, interval));
    timers_.back()->async_wait([this, interval](boost::system::error_code error) {
      if (error) return;
      send(Heartbeat{echo(), assignments_, started_});
      beat(interval);
    });
  }

  void sleep(TaskId task, Attempt attempt, Duration pause) {
    ++started_;
    Duration slept = pause;
    if (mode_ == Mode::half) slept /= 2;
    if (mode_ == Mode::at_once || mode_ == Mode::backdated) slept = Duration::zero();
    const Instant started = mode_ == Mode::backdated ? clock() - pause : clock();
    timers_.push_back(std::make_unique<boost::asio::steady_timer>(loop_, slept));
    timers_.back()->async_wait(
        [this, task, attempt, pause, started](boost::system::error_code error) {
          if (!error) wake(task, attempt, pause, started);
        });
  }

  void wake(TaskId task, Attempt attempt, Duration pause, Instant started) {
    Duration elapsed = clock() - started;
    if (mode_ == Mode::at_once) elapsed = std::max(elapsed, pause);
    Duration result = pause;
    if (mode_ == Mode::other_result) result += 1ns;
    OutcomeColumns outcomes;
    outcomes.push_back(task, attempt, Outcome::succeeded, started, elapsed, result);
    if (mode_ == Mode::unassigned) {
      outcomes.push_back(task_at(index(task) ^ 1U), attempt, Outcome::succeeded, started, elapsed,
                         result);
      outcomes.push_back(task_at(4'000'000'000), 1, Outcome::succeeded, started, elapsed, result);
    }
    if (mode_ == Mode::contradiction) outcomes.command.emplace_back().status = 3;
    report(outcomes);
    if (mode_ == Mode::twice) report(outcomes);
  }

  void report(const OutcomeColumns& outcomes) {
    outcomes_ += outcomes.size();
    send(Report{++reports_, assignments_, started_, outcomes});
  }

  Mode mode_;
  Duration jump_{};
  net::Context context_;
  boost::asio::io_context loop_{1};
  std::unique_ptr<net::Socket> socket_;
  WireCodec codec_;
  CoordinatorMessage incoming_;
  std::string bytes_;
  SessionSecret secret_ = os::random_id128<SessionSecret>();
  Header header_;
  Instant heard_sent_;
  Instant heard_at_;
  std::vector<std::unique_ptr<boost::asio::steady_timer>> timers_;
  std::uint64_t assignments_ = 0;
  std::uint64_t started_ = 0;
  std::uint64_t reports_ = 0;
  std::uint64_t outcomes_ = 0;
};

}  // namespace
}  // namespace rollcall::integration

int main(int argc, char** argv) {
  using namespace rollcall::integration;
  const std::string_view wanted = argc == 3 ? argv[2] : "";
  const auto* mode = std::find_if(kModes.begin(), kModes.end(),
                                  [&](const auto& known) { return known.first == wanted; });
  if (mode == kModes.end()) return 2;
  const auto access = rollcall::read_access_file(argv[1]);
  if (!access) return 2;
  LyingWorker(*access, mode->second).run();
  return 0;
}
