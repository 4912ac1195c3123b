#include "worker/core/handshake.h"

#include <algorithm>
#include <variant>

#include "common/base/check.h"
#include "common/limits.h"

namespace rollcall::worker {

void Handshake::begin(const SessionSecret& secret, std::uint64_t seed) {
  CHECK(state_ == State::no_session && !secret.empty());
  secret_ = secret;
  session_ = session_of(secret);
  rng_ = Rng(seed);
}

void Handshake::end() {
  forget_run();
  state_ = State::no_session;
  due_ = kNever;
}

void Handshake::start() {
  state_ = State::handshaking;
  nonce_ = rng_.next();
  retry_after_ = limits::hello_retry_first;
}

WorkerMessage Handshake::hello(Instant now, const Identity& identity) {
  CHECK(state_ == State::handshaking);
  const auto jitter = rng_.below(static_cast<std::uint64_t>(retry_after_.count()) / 2);
  due_ = now + retry_after_ + Duration(static_cast<std::int64_t>(jitter));
  retry_after_ = std::min(2 * retry_after_, limits::hello_retry_longest);
  return {{kProtocolVersion, {}, 0, session_},
          Hello{secret_, nonce_, identity.host, identity.name, identity.pid, identity.slots,
                identity.processors, identity.launch_id, identity.command_slots, identity.kinds,
                FeatureSet{}.set(kOutputInChunks).set(kNiceness).set(kMemoryLimit)}};
}

Handshake::Verdict Handshake::judge(const CoordinatorMessage& message) const {
  if (state_ == State::no_session) return Verdict::not_handshaking;
  const Header& from = message.header;
  const bool is_same_epoch = from.run == run_ && from.epoch == epoch_;
  if (const auto* reject = std::get_if<Reject>(&message.body)) {
    // A lost session is named in full: an earlier coordinator may have lost it in its own time.
    const bool is_lost = reject->reason == RejectReason::session_lost;
    bool is_ours = from.session.empty() ? !is_lost : from.session == session_;
    if (is_lost && state_ == State::joined && !from.run.empty()) is_ours &= is_same_epoch;
    return is_ours ? Verdict::accepted : Verdict::unassigned;
  }
  const auto* welcome = std::get_if<Welcome>(&message.body);
  if (state_ == State::handshaking) {
    if (welcome == nullptr) return Verdict::not_handshaking;
    // Rule 2: a coordinator of an older epoch is never followed again.
    if (from.run == run_ && from.epoch < epoch_) return Verdict::unassigned;
  } else if (!is_same_epoch) {
    return Verdict::unassigned;
  }
  if (from.session != session_) return Verdict::unassigned;
  if (welcome != nullptr && welcome->nonce != nonce_) return Verdict::old_welcome;
  return Verdict::accepted;
}

void Handshake::join(const Header& welcome) {
  CHECK(state_ == State::handshaking);
  run_ = welcome.run;
  epoch_ = welcome.epoch;
  state_ = State::joined;
  due_ = kNever;
}

void Handshake::forget_run() {
  run_ = {};
  epoch_ = 0;
}

void Handshake::check_invariants() const {
  CHECK((state_ == State::handshaking) == (due_ != kNever));
  CHECK(state_ == State::no_session || !session_.empty());
  CHECK(state_ != State::joined || !run_.empty());
}

}  // namespace rollcall::worker
