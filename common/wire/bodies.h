// The bodies of messages <-> their generated Protocol Buffers classes. A part of
// common/wire/codec.cc, for it alone: nothing else may include it, since it includes the generated
// header.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "common/messages/message.h"
#include "common/wire/codec.h"
#include "wire.pb.h"

namespace rollcall::wire {

/// What is wrong with a message, or nullptr.
using Problem = const char*;

// wire_bodies.cc. put: requires an empty body of that envelope, or one of the same kind, cleared.

void put_body(const WorkerBody& from, FromWorker& envelope);
void put_body(const CoordinatorBody& from, FromCoordinator& envelope);
Problem take_body(const FromWorker& in, WorkerBody& body);
Problem take_body(const FromCoordinator& in, CoordinatorBody& body);

// wire_columns.cc: the two with columns, which are the hot path.

void put(const rollcall::Report& from, Report& out);
void put(const rollcall::Assignment& from, Assignment& out);
void put(const HeldColumns& from, Inventory& out);
Problem take(const Report& in, rollcall::Report& to);
Problem take(const Assignment& in, rollcall::Assignment& to);
Problem take(const Inventory& in, HeldColumns& to);

// wire_commands.cc: the payload of exec, after the other columns.

void put_commands(const AttemptColumns& rows, Assignment& out);
void put_results(const OutcomeColumns& rows, Report& out);
Problem take_commands(const Assignment& in, AttemptColumns& rows);
Problem take_results(const Report& in, OutcomeColumns& rows);

// Values that several messages share.

template <class Id>
void put_id(const Id& id, std::string& bytes) {
  bytes.assign(id.bytes.begin(), id.empty() ? id.bytes.begin() : id.bytes.end());
}

/// False if there are neither 16 bytes nor none.
template <class Id>
bool take_id(const std::string& bytes, Id& id) {
  id = Id{};
  if (bytes.size() != id.bytes.size()) return bytes.empty();
  std::copy(bytes.begin(), bytes.end(), id.bytes.begin());
  return true;
}

/// Enumerations are one more on the wire, so that "not sent" is never a value.
template <class WireEnum, class Enum>
WireEnum to_wire(Enum value) {
  return static_cast<WireEnum>(static_cast<int>(value) + 1);
}

inline std::uint64_t ns_to_wire(Duration duration) {
  return static_cast<std::uint64_t>(duration.count());
}

}  // namespace rollcall::wire
