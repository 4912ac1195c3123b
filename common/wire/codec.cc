#include "common/wire/codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <fmt/core.h>
#include <string>

#include "common/limits.h"
#include "common/wire/bodies.h"

namespace rollcall {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;

constexpr std::uint32_t kMagic = 0x4c4c4f52;  // "ROLL"
/// A longer message is not valid: the memory that the buffers grew to is freed.
constexpr std::size_t kKeptBytes = 1U << 20U;

Error bad(const std::string& what) {
  return protocol_error("bad message: " + what);
}

CodedInputStream stream_of(std::span<const std::byte> bytes) {
  return CodedInputStream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

/// Whether the last body of the envelope in `bytes` has this field number. Only a hint for the
/// choice of buffers: the result is arbitrary for malformed messages.
bool ends_with_body(std::span<const std::byte> bytes, int field) {
  CodedInputStream in = stream_of(bytes);
  bool found = false;
  while (const std::uint32_t tag = in.ReadTag()) {
    std::uint32_t length = 0;
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (WireFormatLite::GetTagFieldNumber(tag) >= wire::FromWorker::kHelloFieldNumber)
        found = WireFormatLite::GetTagFieldNumber(tag) == field;
      if (!in.ReadVarint32(&length) || !in.Skip(static_cast<int>(length))) return false;
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      return false;
    }
  }
  return found;
}

template <class Envelope>
void put_header(const Header& header, Envelope& out) {
  out.set_magic(kMagic);
  out.set_protocol(header.protocol);
  wire::put_id(header.run, *out.mutable_run());
  out.set_epoch(header.epoch);
  wire::put_id(header.session, *out.mutable_session());
}

template <class Envelope>
Result<void> take_header(const Envelope& in, Header& header) {
  if (in.magic() != kMagic) return bad("bad magic number");
  header.protocol = in.protocol();
  header.epoch = in.epoch();
  const bool run = wire::take_id(in.run(), header.run);
  const bool session = wire::take_id(in.session(), header.session);
  if (in.protocol() < kOldestProtocolVersion || in.protocol() > kProtocolVersion) {
    constexpr bool kOnlyOne = kOldestProtocolVersion == kProtocolVersion;
    return protocol_error(
        fmt::format("the peer speaks protocol version {}, this program {}", in.protocol(),
                    kOnlyOne ? fmt::format("{}", kProtocolVersion)
                             : fmt::format("{} to {}", kOldestProtocolVersion, kProtocolVersion)));
  }
  if (!run || !session) return bad("an id does not have 16 bytes");
  return {};
}

template <class Envelope, class Message>
void encode_in(Envelope& envelope, const Message& message, std::string& bytes) {
  put_header(message.header, envelope);
  wire::put_body(message.body, envelope);
  bytes.resize(envelope.ByteSizeLong());
  envelope.SerializeWithCachedSizesToArray(reinterpret_cast<std::uint8_t*>(bytes.data()));
}

template <class Envelope, class Message>
Result<void> decode_in(Envelope& envelope, std::span<const std::byte> bytes, Message& message) {
  CodedInputStream in = stream_of(bytes);
  if (!envelope.MergeFromCodedStream(&in) || !in.ConsumedEntireMessage()) {
    return bad("malformed Protocol Buffers");
  }
  if (Result<void> header = take_header(envelope, message.header); !header) return header;
  if (const wire::Problem problem = wire::take_body(envelope, message.body)) return bad(problem);
  return {};
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
  message.header = Header{};
  if (bytes.size() > limits::message_bytes) return bad("too long");
  const bool columns = ends_with_body(bytes, wire::FromWorker::kReportFieldNumber);
  Result<void> result = decode_in(buffers_->for_worker(columns), bytes, message);
  if (bytes.size() > kKeptBytes) buffers_ = std::make_unique<Buffers>();
  return result;
}

Result<void> WireCodec::decode(std::span<const std::byte> bytes, CoordinatorMessage& message) {
  message.header = Header{};
  if (bytes.size() > limits::message_bytes) return bad("too long");
  const bool columns = ends_with_body(bytes, wire::FromCoordinator::kAssignmentFieldNumber);
  Result<void> result = decode_in(buffers_->for_coordinator(columns), bytes, message);
  if (bytes.size() > kKeptBytes) buffers_ = std::make_unique<Buffers>();
  return result;
}

}  // namespace rollcall
