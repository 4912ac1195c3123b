#include "common/wire/codec.h"

#include <google/protobuf/io/coded_stream.h>

#include <string>

#include "common/limits.h"
#include "common/wire/bodies.h"
#include "common/wire/envelope.h"

namespace rollcall {
namespace {

using google::protobuf::io::CodedInputStream;

/// A longer message is not valid: the memory that the buffers grew to is freed.
constexpr std::size_t kKeptBytes = 1U << 20U;

template <class Protobuf>
void put_header(const Header& header, Protobuf& out) {
  out.set_magic(wire::kMagic);
  out.set_protocol(header.protocol);
  wire::put_id(header.run, *out.mutable_run());
  out.set_epoch(header.epoch);
  wire::put_id(header.session, *out.mutable_session());
}

template <class Protobuf, class Message>
void encode_in(Protobuf& envelope, const Message& message, std::string& bytes) {
  put_header(message.header, envelope);
  wire::put_body(message.body, envelope);
  bytes.resize(envelope.ByteSizeLong());
  envelope.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
}

template <class Protobuf, class Message>
Result<void> decode_in(Protobuf& envelope, std::span<const std::byte> bytes, Message& message) {
  CodedInputStream in(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  if (!envelope.MergeFromCodedStream(&in) || !in.ConsumedEntireMessage()) {
    return bad_message("malformed Protocol Buffers");
  }
  if (const wire::Problem problem = wire::take_body(envelope, message.body))
    return bad_message(problem);
  return {};
}

/// The checks that need no memory.
Result<void> check_raw(std::span<const std::byte> bytes, Direction direction, Envelope& envelope,
                       Header& header) {
  const Result<void> read = read_envelope(bytes, direction, envelope);
  header = envelope.header;
  return read ? check_sizes(envelope) : read;
}

}  // namespace

/// One envelope for each body with columns, and one for all other bodies of its direction: an
/// envelope frees its body, with the memory of the columns, when it gets a body of another kind.
struct WireCodec::Buffers {
  wire::FromWorker report;
  wire::FromWorker from_worker;
  wire::FromCoordinator assignment;
  wire::FromCoordinator from_coordinator;

  wire::FromWorker& for_worker(bool columns) {
    if (!columns) return from_worker.Clear(), from_worker;
    std::unique_ptr<wire::Report> kept(report.release_report());
    report.Clear();
    if (!kept) kept = std::make_unique<wire::Report>();
    kept->Clear();
    report.set_allocated_report(kept.release());
    return report;
  }

  wire::FromCoordinator& for_coordinator(bool columns) {
    if (!columns) return from_coordinator.Clear(), from_coordinator;
    std::unique_ptr<wire::Assignment> kept(assignment.release_assignment());
    assignment.Clear();
    if (!kept) kept = std::make_unique<wire::Assignment>();
    kept->Clear();
    assignment.set_allocated_assignment(kept.release());
    return assignment;
  }
};

WireCodec::WireCodec() : buffers_(std::make_unique<Buffers>()) {}
WireCodec::~WireCodec() = default;

void WireCodec::encode(const WorkerMessage& message, std::string& bytes) {
  const bool columns = std::holds_alternative<Report>(message.body);
  encode_in(buffers_->for_worker(columns), message, bytes);
}

void WireCodec::encode(const CoordinatorMessage& message, std::string& bytes) {
  const bool columns = std::holds_alternative<Assignment>(message.body);
  encode_in(buffers_->for_coordinator(columns), message, bytes);
}

Result<void> WireCodec::decode(std::span<const std::byte> bytes, WorkerMessage& message) {
  Envelope raw;
  Result<void> checked = check_raw(bytes, Direction::from_worker, raw, message.header);
  if (!checked) return checked;
  const bool columns = raw.field == wire::FromWorker::kReportFieldNumber;
  Result<void> result = decode_in(buffers_->for_worker(columns), bytes, message);
  if (bytes.size() > kKeptBytes) buffers_ = std::make_unique<Buffers>();
  return result;
}

Result<void> WireCodec::decode(std::span<const std::byte> bytes, CoordinatorMessage& message) {
  Envelope raw;
  Result<void> checked = check_raw(bytes, Direction::from_coordinator, raw, message.header);
  if (!checked) return checked;
  const bool columns = raw.field == wire::FromCoordinator::kAssignmentFieldNumber;
  Result<void> result = decode_in(buffers_->for_coordinator(columns), bytes, message);
  if (bytes.size() > kKeptBytes) buffers_ = std::make_unique<Buffers>();
  return result;
}

}  // namespace rollcall
