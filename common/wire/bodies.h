// Converts message bodies to and from the generated Protocol Buffers classes. Private to
// common/wire: other code must not include it, because it includes the generated header.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>

#include "common/messages/message.h"
#include "common/wire/codec.h"
#include "wire.pb.h"

namespace rollcall::wire {

inline constexpr std::uint32_t kMagic = 0x4c4c4f52;  ///< "ROLL"

/// The error in a message, or nullptr.
using Problem = const char*;

// bodies.cc. put requires that the body of the envelope is empty, or of the same kind and cleared.

void put_body(const WorkerBody& from, FromWorker& envelope);
void put_body(const CoordinatorBody& from, FromCoordinator& envelope);
Problem take_body(const FromWorker& in, WorkerBody& body);
Problem take_body(const FromCoordinator& in, CoordinatorBody& body);

// columns.cc: the messages with columns, the hot path.

void put(const rollcall::Report& from, Report& out);
void put(const rollcall::Assignment& from, Assignment& out);
void put(const HeldColumns& from, Inventory& out);
void put(const HeldColumns& from, Cancel& out);
Problem take(const Report& in, rollcall::Report& to);
Problem take(const Assignment& in, rollcall::Assignment& to);
Problem take(const Inventory& in, HeldColumns& to);
Problem take(const Cancel& in, HeldColumns& to);

// output.cc: output in chunks.

void put(const rollcall::Output& from, Output& out);
void put(const rollcall::OutputAck& from, OutputAck& out);
void put(const ListedOutput& from, Inventory& out);
Problem take(const Output& in, rollcall::Output& to);
Problem take(const OutputAck& in, rollcall::OutputAck& to);
Problem take(const Inventory& in, ListedOutput& to);

// commands.cc: the columns of exec, and job headers.

void put_commands(const AttemptColumns& rows, Assignment& out);
void put_jobs(const rollcall::Assignment& from, Assignment& out);
void put_results(const OutcomeColumns& rows, Report& out);
Problem take_commands(const Assignment& in, AttemptColumns& rows);
Problem take_jobs(const Assignment& in, rollcall::Assignment& to);
Problem take_results(const Report& in, OutcomeColumns& rows);

// Values that several messages share.

template <class Id>
void put_id(const Id& id, std::string& bytes) {
  bytes.assign(id.bytes.begin(), id.empty() ? id.bytes.begin() : id.bytes.end());
}

/// Returns false if `text` has neither 16 bytes nor 0.
template <class Id>
bool take_id(const std::string& bytes, Id& id) {
  id = Id{};
  if (bytes.size() != id.bytes.size()) return bytes.empty();
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return true;
}

/// The largest number that a KindId holds: kinds beyond it, which this program does not know, are
/// read as this one.
inline constexpr int kLastKind =
    std::numeric_limits<std::underlying_type_t<rollcall::KindId>>::max();

/// The window of a Welcome, Ack or OutputAck.
template <class Message>
void put_window(const OutputWindow& from, Message& out) {
  out.set_window(from.bytes);
  out.set_window_number(from.number);
  if (from.only_attempt == 0) return;
  out.set_window_task(index(from.only_task));
  out.set_window_attempt(from.only_attempt);
}

template <class Message>
Problem take_window(const Message& in, OutputWindow& to) {
  constexpr std::uint64_t kTaskEnd = std::numeric_limits<std::uint32_t>::max();
  if (in.window_task() >= kTaskEnd) return "window: task id out of range";
  if (in.window_attempt() > std::numeric_limits<Attempt>::max()) {
    return "window: invalid attempt number";
  }
  to.bytes = in.window();
  to.number = in.window_number();
  to.only_task = task_at(in.window_task());
  to.only_attempt = static_cast<Attempt>(in.window_attempt());
  return nullptr;
}

/// Enumerators are one greater on the wire, so that 0 means "not sent".
template <class WireEnum, class Enum>
WireEnum to_wire(Enum value) {
  return static_cast<WireEnum>(static_cast<int>(value) + 1);
}

inline std::uint64_t ns_to_wire(Duration duration) {
  return static_cast<std::uint64_t>(duration.count());
}

}  // namespace rollcall::wire
