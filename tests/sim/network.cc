#include "tests/sim/network.h"

#include <algorithm>
#include <span>
#include <utility>

#include "tests/support/describe.h"

namespace rollcall::sim {
namespace {

using namespace std::chrono_literals;

std::span<const std::byte> as_bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

Network::Link& Network::open(std::function<void(DownMessage)> deliver) {
  Link& link = links_.emplace_back();
  link.number = static_cast<std::uint32_t>(links_.size());
  link.deliver = std::move(deliver);
  world_.timeline.after(world_.time(10us, 2ms), [this, &link] { connect(link); });
  return link;
}

void Network::connect(Link& link) {
  if (link.closed) return;
  link.connection = static_cast<ConnectionId>(++connections_);
  by_connection_[link.connection] = &link;
  link.up = true;
  for (const UpMessage& message : std::exchange(link.waiting, {})) transmit(link, message);
}

UpMessage Network::through_codec(const UpMessage& message) {
  codec_.encode(*message, bytes_);
  WorkerMessage copy;
  require(codec_.decode(as_bytes(bytes_), copy).has_value(), "the codec refuses its own message");
  return std::make_shared<const WorkerMessage>(std::move(copy));
}

CoordinatorMessage Network::through_codec(const CoordinatorMessage& message) {
  codec_.encode(message, bytes_);
  CoordinatorMessage copy;
  require(codec_.decode(as_bytes(bytes_), copy).has_value(), "the codec refuses its own message");
  return copy;
}

void Network::send(Link& link, UpMessage message) {
  world_.tell([&] { return "w" + std::to_string(link.number) + " says " + describe(*message); });
  if (world_.plan.wire) message = through_codec(message);
  if (!link.up) return link.waiting.push_back(std::move(message));
  transmit(link, message);
}

void Network::send(ConnectionId to, CoordinatorMessage message) {
  const auto found = by_connection_.find(to);
  if (found == by_connection_.end()) return;
  Link& link = *found->second;
  world_.tell([&] { return "w" + std::to_string(link.number) + " is told " + describe(message); });
  if (link.closed || link.connection != to) return;
  if (world_.plan.wire) message = through_codec(message);
  transmit(link, std::make_shared<const CoordinatorMessage>(std::move(message)));
}

/// Decides when, how often and whether a message arrives.
void Network::schedule(Instant& last, Instant cut_until, const std::function<void()>& arrive) {
  const Weather& weather = world_.plan.weather;
  const bool faulty = world_.faulty();
  const bool is_cut = world_.timeline.now() < cut_until;
  if (is_cut && !weather.ordered) return;
  if (faulty && world_.chance(weather.loss)) return;
  const int times = faulty && world_.chance(weather.repeat) ? 2 : 1;
  for (int i = 0; i < times; ++i) {
    Instant when = std::max(world_.timeline.now(), is_cut ? cut_until : Instant{}) +
                   world_.time(weather.delay_min, weather.delay_max);
    if (faulty && world_.chance(weather.straggle)) when += world_.time(0s, 1s);
    if (weather.ordered || !faulty) when = std::max(when, last + Duration(1));
    last = std::max(last, when);
    world_.timeline.at(when, arrive);
  }
}

void Network::transmit(Link& link, const UpMessage& message) {
  schedule(link.last_up, link.up_cut_until,
           [this, &link, message, from = link.connection, life = link.life] {
             if (coordinator_gone_) return;
             if ((link.closed || life != link.life) && link.flight_lost) return;
             to_coordinator_(from, message);
           });
}

void Network::transmit(Link& link, const DownMessage& message) {
  schedule(link.last_down, link.down_cut_until, [&link, message, life = link.life] {
    if (!link.closed && life == link.life) link.deliver(message);
  });
}

void Network::cut(Link& link, bool up, bool down, Duration lasts) {
  const Instant until = world_.timeline.now() + lasts;
  if (up) link.up_cut_until = until;
  if (down) link.down_cut_until = until;
}

void Network::break_connection(Link& link, Duration down_for, bool keeps_waiting) {
  if (!link.up) return;
  link.up = false;
  ++link.life;
  link.flight_lost = world_.chance(0.5);
  if (!keeps_waiting) link.waiting.clear();
  tell_coordinator(link.connection);
  world_.timeline.after(down_for, [this, &link] { connect(link); });
}

void Network::coordinator_crashed(Duration down_for) {
  for (Link& link : links_) {
    if (link.closed || !link.up) continue;
    const bool still_arrives = world_.chance(0.5);  // messages of the coordinator in flight
    break_connection(link, down_for + world_.time(10us, 300ms), /*keeps_waiting=*/true);
    if (still_arrives) --link.life;
  }
}

std::vector<ConnectionId> Network::split() {
  std::vector<ConnectionId> stay;
  for (Link& link : links_) {
    if (link.closed || !link.up) continue;
    if (world_.chance(0.5)) {
      stay.push_back(link.connection);
    } else {
      break_connection(link, world_.time(10us, 300ms), /*keeps_waiting=*/true);
    }
  }
  return stay;
}

void Network::break_those(const std::function<bool(ConnectionId)>& which) {
  for (Link& link : links_) {
    if (link.closed || !link.up || !which(link.connection)) continue;
    break_connection(link, world_.time(10us, 300ms), /*keeps_waiting=*/true);
  }
}

void Network::close(Link& link, bool flight_lost) {
  link.closed = true;
  link.flight_lost = flight_lost;
  if (link.up) tell_coordinator(link.connection);
}

/// Draws from numbers of its own, so that older seeds keep their meaning.
void Network::tell_coordinator(ConnectionId closed) {
  const std::uint64_t draw =
      random_at(world_.plan.seed, (std::uint64_t{1} << 32U) + static_cast<std::uint32_t>(closed));
  if (draw % 2 == 0) return;
  world_.timeline.after(Duration(10us) + Duration(draw / 2 % 50'000'000), [this, closed] {
    if (!coordinator_gone_) closed_(closed);
  });
}

}  // namespace rollcall::sim
