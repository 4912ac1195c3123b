// Encodes and decodes output, its acknowledgements and windows.
#include <numeric>

#include "common/base/check.h"
#include "common/limits.h"
#include "common/wire/bodies.h"
#include "common/wire/column_forms.h"

namespace rollcall::wire {
namespace {

std::uint32_t stream_number(OutputStream stream) {
  return static_cast<std::uint32_t>(stream);
}

void put_streams(const std::vector<OutputStream>& from, RepeatedField<std::uint32_t>& out) {
  put_short(from, OutputStream::out, out, stream_number);
}

bool take_streams(const RepeatedField<std::uint32_t>& in, std::size_t n,
                  std::vector<OutputStream>& to) {
  return take_short(
      in, n, OutputStream::out, to, [](std::uint32_t stream) { return stream - 1 < 2; },
      [](std::uint32_t stream) { return static_cast<OutputStream>(stream); });
}

template <class Value>
Value unchanged(Value value) {
  return value;
}

bool is_byte_count(std::uint64_t bytes) {
  return bytes < limits::stream_bytes;
}

template <class Column>
void put_all(const std::vector<std::uint64_t>& from, Column& out) {
  std::copy(from.begin(), from.end(), grow(out, from.size()));
}

bool take_sizes(const Output& in, std::size_t n, std::vector<std::uint32_t>& to) {
  if (in.size().empty()) return false;
  return take_short(
      in.size(), n, std::uint32_t{0}, to,
      [](std::uint32_t size) { return size - 1 < limits::output_bytes; }, unchanged<std::uint32_t>);
}

}  // namespace

void put(const rollcall::Output& from, Output& out) {
  const std::size_t n = from.rows();
  CHECK(n > 0 && n <= limits::output_rows && from.bytes.size() <= limits::output_bytes);
  CHECK(from.attempt.size() == n && from.stream.size() == n && from.offset.size() == n);
  CHECK(from.size.size() == n);
  put_held(from, out);
  put_streams(from.stream, *out.mutable_stream());
  put_short(from.offset, std::uint64_t{0}, *out.mutable_offset(), unchanged<std::uint64_t>);
  put_short(from.size, std::uint32_t{0}, *out.mutable_size(), unchanged<std::uint32_t>);
  out.set_bytes(from.bytes);
}

Problem take(const Output& in, rollcall::Output& to) {
  const auto n = static_cast<std::size_t>(in.task_delta_size());
  if (n == 0) return "output: no rows";
  if (n > limits::output_rows) return "output: too many rows";
  if (in.bytes().size() > limits::output_bytes) return "output: too many bytes";
  if (!take_task_deltas(in.task_delta(), to.task)) return "output: task id out of range";
  if (!take_attempts(in.attempt(), n, to.attempt)) return "output: invalid attempt numbers";
  if (!take_streams(in.stream(), n, to.stream)) return "output: invalid streams";
  if (!take_short(in.offset(), n, std::uint64_t{0}, to.offset, is_byte_count,
                  unchanged<std::uint64_t>)) {
    return "output: invalid offsets";
  }
  if (!take_sizes(in, n, to.size)) return "output: invalid sizes";
  for (std::size_t i = 0; i < n; ++i) {
    if (!is_byte_count(to.offset[i] + to.size[i])) return "output: invalid offsets";
  }
  const auto size = std::accumulate(to.size.begin(), to.size.end(), std::uint64_t{0});
  if (size != in.bytes().size()) return "output: sizes and bytes differ";
  to.bytes = in.bytes();
  return nullptr;
}

void put(const rollcall::OutputAck& from, OutputAck& out) {
  const std::size_t n = from.rows();
  CHECK(n <= limits::output_rows && from.attempt.size() == n && from.stream.size() == n);
  CHECK(from.taken.size() == n && from.durable.size() == n);
  put_held(from, out);
  put_streams(from.stream, *out.mutable_stream());
  put_all(from.taken, *out.mutable_taken());
  put_all(from.durable, *out.mutable_durable());
  put_window(from.window, out);
}

Problem take(const OutputAck& in, rollcall::OutputAck& to) {
  const auto n = static_cast<std::size_t>(in.task_delta_size());
  if (n > limits::output_rows) return "output ack: too many rows";
  if (!take_task_deltas(in.task_delta(), to.task)) return "output ack: task id out of range";
  if (!take_attempts(in.attempt(), n, to.attempt)) return "output ack: invalid attempt numbers";
  if (!take_streams(in.stream(), n, to.stream)) return "output ack: invalid streams";
  to.taken.assign(in.taken().begin(), in.taken().end());
  to.durable.assign(in.durable().begin(), in.durable().end());
  if (to.taken.size() != n || to.durable.size() != n) return "output ack: columns differ in length";
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_durable = to.durable[i] <= to.taken[i] || to.durable[i] == kNotWanted;
    if (!is_byte_count(to.taken[i]) || !is_durable) return "output ack: invalid byte counts";
  }
  return take_window(in, to.window);
}

void put(const ListedOutput& from, Inventory& out) {
  const std::size_t n = from.rows();
  CHECK(from.stream.size() == n && from.from.size() == n);
  std::copy(from.row.begin(), from.row.end(), grow(*out.mutable_output_row(), n));
  put_streams(from.stream, *out.mutable_output_stream());
  put_all(from.from, *out.mutable_output_from());
}

Problem take(const Inventory& in, ListedOutput& to) {
  const auto n = static_cast<std::size_t>(in.output_row_size());
  to.row.assign(in.output_row().begin(), in.output_row().end());
  to.from.assign(in.output_from().begin(), in.output_from().end());
  if (to.from.size() != n) return "inventory: columns of output differ in length";
  if (!take_streams(in.output_stream(), n, to.stream)) return "inventory: invalid streams";
  const auto attempts = static_cast<std::size_t>(in.task_delta_size());
  for (std::size_t i = 0; i < n; ++i) {
    const bool is_next = i == 0 || to.row[i] > to.row[i - 1] ||
                         (to.row[i] == to.row[i - 1] && to.stream[i] > to.stream[i - 1]);
    if (to.row[i] >= attempts || !is_next) return "inventory: invalid rows of output";
    if (!is_byte_count(to.from[i]) && to.from[i] != kNotWanted) {
      return "inventory: invalid byte counts";
    }
  }
  return nullptr;
}

}  // namespace rollcall::wire
