// The forms of columns that several messages share. Private to common/wire.
#pragma once

#include <google/protobuf/repeated_field.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "common/model/task.h"

namespace rollcall::wire {

using google::protobuf::RepeatedField;

/// The largest valid TaskId; the next one is reserved for "no task".
inline constexpr std::uint64_t kLargestTask = std::numeric_limits<std::uint32_t>::max() - 1;

/// Adds room for n values to a column, to be written in place.
template <class Wire>
Wire* grow(RepeatedField<Wire>& column, std::size_t n) {
  column.Reserve(static_cast<int>(n));
  return column.AddNAlreadyReserved(static_cast<int>(n));
}

/// The short form of wire.proto: no value if all are `none`, one value if all are equal.
template <class Value, class Wire, class ToWire>
void put_short(const std::vector<Value>& column, Value none, RepeatedField<Wire>& out,
               ToWire convert) {
  if (column.empty()) return;
  const Value first = column.front();
  if (std::all_of(column.begin(), column.end(), [=](Value v) { return v == first; })) {
    if (first != none) out.Add(convert(first));
    return;
  }
  std::transform(column.begin(), column.end(), grow(out, column.size()), convert);
}

/// The reverse. `convert` must accept any value; `fits` checks it.
template <class Wire, class Value, class Fits, class FromWire>
bool take_short(const RepeatedField<Wire>& in, std::size_t n, Value none,
                std::vector<Value>& column, Fits fits, FromWire convert) {
  const auto got = static_cast<std::size_t>(in.size());
  if (got > n || (got > 1 && got != n)) return false;
  bool good = true;
  for (const Wire value : in) good &= fits(value);
  if (got == n) {
    column.resize(n);
    std::transform(in.begin(), in.end(), column.begin(), convert);
  } else {
    column.assign(n, got == 0 ? none : convert(in.Get(0)));
  }
  return good;
}

inline bool take_attempts(const RepeatedField<std::uint32_t>& in, std::size_t n,
                          std::vector<Attempt>& column) {
  return take_short(
      in, n, Attempt{1}, column, [](std::uint32_t a) { return a - 1 < 0xffff; },
      [](std::uint32_t a) { return static_cast<Attempt>(a); });
}

/// Task ids as differences, and attempt numbers.
template <class Columns, class Message>
void put_held(const Columns& from, Message& out) {
  std::int64_t* task = grow(*out.mutable_task_delta(), from.task.size());
  std::uint64_t before = 0;
  for (std::size_t i = 0; i < from.task.size(); ++i) {
    task[i] = static_cast<std::int64_t>(index(from.task[i]) - before);
    before = index(from.task[i]);
  }
  put_short(from.attempt, Attempt{1}, *out.mutable_attempt(),
            [](Attempt attempt) -> std::uint32_t { return attempt; });
}

/// Returns false if an id is out of range.
inline bool take_task_deltas(const RepeatedField<std::int64_t>& in, std::vector<TaskId>& column) {
  column.resize(static_cast<std::size_t>(in.size()));
  std::uint64_t task = 0;
  bool good = true;
  for (std::size_t i = 0; i < column.size(); ++i) {
    task += static_cast<std::uint64_t>(in.data()[i]);  // modulo 2^64: the input is untrusted
    good &= task <= kLargestTask;
    column[i] = static_cast<TaskId>(task);
  }
  return good;
}

}  // namespace rollcall::wire
