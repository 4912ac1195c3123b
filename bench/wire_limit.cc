// The bare reference: one ROUTER, DEALER processes, Protocol Buffers columns, a heap of due times
// in each worker, and nothing else: nothing is kept, acknowledged, sent again or validated. What
// Rollcall does on top is held against this.
//
//   wire_limit [--tasks N] [--workers 2] [--batch 1000] [--window 128] [--curve]
//              [--pause-min-ns 0] [--pause-max-ns 0]
//
// --window: batches that a worker has ahead; 0: everything is sent at once, longest first.
// Prints one JSON object.
#include <poll.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <numeric>
#include <queue>
#include <sstream>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "bench/arguments.h"
#include "bench/children.h"
#include "common/base/check.h"
#include "common/base/rng.h"
#include "common/net/keys.h"
#include "common/os/clock.h"
#include "wire_limit.pb.h"

namespace rollcall::bench {
namespace {

struct Settings {
  std::uint32_t tasks = 0;
  int workers = 0;
  std::uint32_t batch = 0;
  std::uint32_t window = 0;
  bool curve = false;
  std::uint64_t pause_min = 0;
  std::uint64_t pause_max = 0;
};

std::int64_t now_ns() {
  return to_ns(os::now());
}

void set_options(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::sndhwm, 0);
  socket.set(zmq::sockopt::rcvhwm, 0);
  socket.set(zmq::sockopt::linger, 1000);
}

void send(zmq::socket_t& socket, const google::protobuf::MessageLite& message) {
  zmq::message_t frame(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(frame.data<std::uint8_t>());
  socket.send(frame, zmq::send_flags::none);
}

/// A worker: everything that came due since the last look leaves in batches of at most `batch`.
class Worker {
 public:
  Worker(zmq::context_t& context, const std::string& way_in, std::uint32_t batch)
      : socket_(context, zmq::socket_type::dealer), batch_(batch) {
    set_options(socket_);
    std::istringstream in(way_in);
    std::string endpoint;
    std::string server_key;
    in >> endpoint >> server_key;
    if (!server_key.empty()) {
      const net::KeyPair own = net::make_key_pair();
      socket_.set(zmq::sockopt::curve_serverkey, server_key);
      socket_.set(zmq::sockopt::curve_publickey, own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, own.secret_key);
    }
    socket_.connect(endpoint);
    descriptor_ = socket_.get(zmq::sockopt::fd);
  }

  void run() {
    socket_.send(zmq::message_t(), zmq::send_flags::none);
    zmq::message_t frame;
    for (;;) {
      while (socket_.recv(frame, zmq::recv_flags::dontwait)) {
        if (frame.size() == 0) return;
        start(frame);
        report_due();
      }
      report_due();
      if ((socket_.get(zmq::sockopt::events) & ZMQ_POLLIN) == 0) wait();
    }
  }

 private:
  struct Entry {
    std::int64_t due;
    std::int64_t started;
    std::uint32_t id;
    friend bool operator>(const Entry& a, const Entry& b) { return a.due > b.due; }
  };

  void start(const zmq::message_t& frame) {
    CHECK(batch_in_.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
    const std::int64_t now = now_ns();
    std::uint32_t id = 0;
    for (int i = 0; i < batch_in_.id_delta_size(); ++i) {
      id += static_cast<std::uint32_t>(batch_in_.id_delta(i));
      heap_.push({now + static_cast<std::int64_t>(batch_in_.pause_ns(i)), now, id});
    }
  }

  void report_due() {
    if (heap_.empty()) return;
    const std::int64_t now = now_ns();
    while (!heap_.empty() && heap_.top().due <= now) {
      done_.Clear();
      std::uint32_t id = 0;
      std::int64_t started = 0;
      for (std::uint32_t n = 0; n < batch_ && !heap_.empty() && heap_.top().due <= now; ++n) {
        const Entry& top = heap_.top();
        done_.add_id_delta(static_cast<std::int32_t>(top.id - id));
        done_.add_started_delta_ns(top.started - started);
        done_.add_elapsed_ns(static_cast<std::uint64_t>(now - top.started));
        id = top.id;
        started = top.started;
        heap_.pop();
      }
      send(socket_, done_);
    }
  }

  void wait() {
    pollfd ready{descriptor_, POLLIN, 0};
    timespec until_due{};
    if (!heap_.empty()) {
      const std::int64_t left = std::max<std::int64_t>(heap_.top().due - now_ns(), 0);
      until_due = {left / 1'000'000'000, left % 1'000'000'000};
    }
    ::ppoll(&ready, 1, heap_.empty() ? nullptr : &until_due, nullptr);
  }

  zmq::socket_t socket_;
  int descriptor_ = -1;
  std::uint32_t batch_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
  Batch batch_in_;
  Done done_;
};

/// The coordinator: sends batches as reports arrive, and adds up the reports.
class Coordinator {
 public:
  Coordinator(zmq::context_t& context, const Settings& settings)
      : settings_(settings), socket_(context, zmq::socket_type::router), order_(settings.tasks) {
    set_options(socket_);
    std::string server_key;
    if (settings.curve) {
      const net::KeyPair own = net::make_key_pair();
      socket_.set(zmq::sockopt::curve_server, true);
      socket_.set(zmq::sockopt::curve_publickey, own.public_key);
      socket_.set(zmq::sockopt::curve_secretkey, own.secret_key);
      server_key = own.public_key;
    }
    socket_.bind("tcp://127.0.0.1:*");
    way_in_ = socket_.get(zmq::sockopt::last_endpoint) + " " + server_key;
    std::iota(order_.begin(), order_.end(), 0U);
    if (settings.pause_max > settings.pause_min) {
      std::sort(order_.begin(), order_.end(),
                [this](auto a, auto b) { return pause(a) > pause(b); });
    }
  }

  const std::string& way_in() const { return way_in_; }

  void run() {
    zmq::message_t name;
    zmq::message_t frame;
    for (int w = 0; w < settings_.workers; ++w) {
      receive(name, frame);
      names_.emplace_back(name.to_string());
    }
    began_ = now_ns();
    for (std::uint32_t ahead = 0; next_ < settings_.tasks; ++ahead) {
      if (settings_.window != 0 && ahead == settings_.window) break;
      for (const std::string& worker : names_) send_batch(worker);
    }
    while (done_ < settings_.tasks) {
      receive(name, frame);
      take(frame);
      if (settings_.window != 0) send_batch(name.to_string());
    }
    ended_ = now_ns();
    const std::uint64_t n = settings_.tasks;
    CHECK(done_ == n && id_sum_ == n * (n - 1) / 2);
    for (const std::string& worker : names_) {
      socket_.send(zmq::buffer(worker), zmq::send_flags::sndmore);
      socket_.send(zmq::message_t(), zmq::send_flags::none);
    }
  }

  double seconds() const { return 1e-9 * static_cast<double>(ended_ - began_); }
  double longest() const {
    return settings_.tasks == 0 ? 0 : 1e-9 * static_cast<double>(pause(order_[0]));
  }

 private:
  std::uint64_t pause(std::uint32_t id) const {
    return settings_.pause_min +
           scale_below(random_at(1, id), settings_.pause_max - settings_.pause_min + 1);
  }

  void receive(zmq::message_t& name, zmq::message_t& frame) {
    CHECK(socket_.recv(name, zmq::recv_flags::none));
    CHECK(socket_.recv(frame, zmq::recv_flags::none));
  }

  void send_batch(const std::string& worker) {
    const std::uint32_t end = std::min(settings_.tasks, next_ + settings_.batch);
    if (next_ == end) return;
    out_.Clear();
    std::uint32_t before = 0;
    for (; next_ < end; ++next_) {
      const std::uint32_t id = order_[next_];
      out_.add_id_delta(static_cast<std::int32_t>(id - before));
      out_.add_pause_ns(pause(id));
      before = id;
    }
    socket_.send(zmq::buffer(worker), zmq::send_flags::sndmore);
    send(socket_, out_);
  }

  void take(const zmq::message_t& frame) {
    CHECK(in_.ParseFromArray(frame.data(), static_cast<int>(frame.size())));
    std::uint32_t id = 0;
    for (const std::int32_t delta : in_.id_delta()) {
      id += static_cast<std::uint32_t>(delta);
      id_sum_ += id;
    }
    done_ += static_cast<std::uint64_t>(in_.id_delta_size());
  }

  Settings settings_;
  zmq::socket_t socket_;
  std::string way_in_;
  std::vector<std::uint32_t> order_;  ///< ids, the longest pause first
  std::vector<std::string> names_;
  Batch out_;
  Done in_;
  std::uint32_t next_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t id_sum_ = 0;
  std::int64_t began_ = 0;
  std::int64_t ended_ = 0;
};

Settings settings_from(Arguments& arguments) {
  Settings settings;
  settings.tasks = static_cast<std::uint32_t>(arguments.number("tasks", 20'000'000));
  settings.workers = static_cast<int>(arguments.number("workers", 2));
  settings.batch = static_cast<std::uint32_t>(arguments.number("batch", 1'000));
  settings.window = static_cast<std::uint32_t>(arguments.number("window", 128));
  settings.curve = arguments.flag("curve");
  settings.pause_min = static_cast<std::uint64_t>(arguments.number("pause-min-ns", 0));
  settings.pause_max =
      std::max(settings.pause_min, static_cast<std::uint64_t>(arguments.number("pause-max-ns", 0)));
  arguments.check();
  return settings;
}

int run(const Settings& settings) {
  Children workers(settings.workers, [&](const std::string& way_in) {
    zmq::context_t context(1);
    Worker(context, way_in, settings.batch).run();
  });
  zmq::context_t context(1);
  Coordinator coordinator(context, settings);
  workers.tell(coordinator.way_in());
  coordinator.run();
  if (!workers.wait()) return 1;
  std::printf(
      "{\"tasks\": %u, \"workers\": %d, \"batch\": %u, \"curve\": %s, \"seconds\": %.9f, "
      "\"rate\": %.0f, \"overhead_seconds\": %.9f, \"cpu_seconds\": %.3f, "
      "\"peak_rss_bytes\": %llu}\n",
      settings.tasks, settings.workers, settings.batch, settings.curve ? "true" : "false",
      coordinator.seconds(), settings.tasks / coordinator.seconds(),
      coordinator.seconds() - coordinator.longest(), cpu_seconds(),
      static_cast<unsigned long long>(peak_rss_bytes()));
  return 0;
}

}  // namespace
}  // namespace rollcall::bench

int main(int argc, char** argv) {
  rollcall::bench::Arguments arguments(argc, argv);
  return rollcall::bench::run(rollcall::bench::settings_from(arguments));
}
