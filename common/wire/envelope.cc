#include "common/wire/envelope.h"

#include <fmt/core.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>
#include <limits>
#include <string_view>

#include "common/base/check.h"
#include "common/base/text.h"
#include "common/limits.h"
#include "common/wire/bodies.h"

namespace rollcall {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedInputStream;
using wire::Assignment;
using wire::Cancel;
using wire::FromCoordinator;
using wire::FromWorker;
using wire::Inventory;
using wire::Output;
using wire::OutputAck;
using wire::Report;

constexpr std::size_t kIdBytes = sizeof(SessionId::bytes);
constexpr std::size_t kVarintBytes = 10;  ///< the most that one value takes
/// The repeated fields of all bodies have numbers below this.
constexpr unsigned kFieldEnd = 16;

constexpr std::uint32_t bits(auto... fields) {
  return ((1U << static_cast<unsigned>(fields)) | ... | 0U);
}

/// What the body with a field number may have.
struct Bounds {
  int body = 0;
  std::uint32_t numbers = 0;   ///< bit n: field n is a column of numbers
  std::uint32_t messages = 0;  ///< bit n: field n is a column of messages
  std::size_t rows = 0;        ///< of each column
  std::size_t bytes = limits::message_bytes;
  std::uint32_t streams =
      0;  ///< bit n: field n is a column of numbers, for two streams of each row
};

constexpr std::array<Bounds, 6> kBounds = {{
    {FromWorker::kReportFieldNumber,
     bits(Report::kTaskDeltaFieldNumber, Report::kAttemptFieldNumber, Report::kOutcomeFieldNumber,
          Report::kStartedDeltaNsFieldNumber, Report::kElapsedNsFieldNumber,
          Report::kResultNsFieldNumber),
     bits(Report::kCommandResultFieldNumber), limits::report_outcomes},
    {FromWorker::kInventoryFieldNumber,
     bits(Inventory::kTaskDeltaFieldNumber, Inventory::kAttemptFieldNumber), 0,
     limits::inventory_attempts, limits::message_bytes,
     bits(Inventory::kOutputRowFieldNumber, Inventory::kOutputStreamFieldNumber,
          Inventory::kOutputFromFieldNumber)},
    {FromWorker::kOutputFieldNumber,
     bits(Output::kTaskDeltaFieldNumber, Output::kAttemptFieldNumber, Output::kStreamFieldNumber,
          Output::kOffsetFieldNumber, Output::kSizeFieldNumber),
     0, limits::output_rows},
    {FromCoordinator::kAssignmentFieldNumber,
     bits(Assignment::kRangeFirstDeltaFieldNumber, Assignment::kRangeCountFieldNumber,
          Assignment::kAttemptFieldNumber, Assignment::kPauseNsFieldNumber,
          Assignment::kJobFieldNumber),
     bits(Assignment::kCommandFieldNumber, Assignment::kJobsFieldNumber),
     limits::assignment_attempts},
    {FromCoordinator::kCancelFieldNumber,
     bits(Cancel::kTaskDeltaFieldNumber, Cancel::kAttemptFieldNumber), 0, limits::cancel_attempts},
    {FromCoordinator::kOutputAckFieldNumber,
     bits(OutputAck::kTaskDeltaFieldNumber, OutputAck::kAttemptFieldNumber,
          OutputAck::kStreamFieldNumber, OutputAck::kTakenFieldNumber,
          OutputAck::kDurableFieldNumber),
     0, limits::output_rows},
}};
constexpr Bounds kWithoutRows = {0, 0, 0, 0, limits::short_message_bytes};

const Bounds& bounds_of(int body) {
  const auto* found = std::find_if(kBounds.begin(), kBounds.end(),
                                   [=](const Bounds& bounds) { return bounds.body == body; });
  return found == kBounds.end() ? kWithoutRows : *found;
}

std::size_t most_rows(const Bounds& bounds, unsigned field) {
  if ((bounds.streams & bits(field)) != 0) return kOutputStreams.size() * bounds.rows;
  const bool is_column = ((bounds.numbers | bounds.messages) & bits(field)) != 0;
  return is_column ? bounds.rows : std::numeric_limits<std::size_t>::max();
}

CodedInputStream stream_of(std::span<const std::byte> bytes) {
  return CodedInputStream(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                          static_cast<int>(bytes.size()));
}

/// Reads a value with a length, of a stream over `bytes`. Returns false if the bytes end before.
bool read_bytes(CodedInputStream& in, std::span<const std::byte> bytes,
                std::span<const std::byte>& value) {
  std::uint32_t length = 0;
  if (!in.ReadVarint32(&length)) return false;
  const auto begin = static_cast<std::size_t>(in.CurrentPosition());
  if (length > bytes.size() - begin) return false;
  value = bytes.subspan(begin, length);
  return in.Skip(static_cast<int>(length));
}

/// Reads the fields of an envelope; those of the header are the same in both directions.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, Direction direction, Envelope& envelope)
      : bytes_(bytes), direction_(direction), envelope_(envelope), in_(stream_of(bytes)) {}

  /// Returns false if the bytes are malformed.
  bool read() {
    while (const std::uint32_t tag = in_.ReadTag()) {
      if (!read_field(tag)) return false;
    }
    return in_.ConsumedEntireMessage();
  }
  bool has_magic() const { return magic_ == wire::kMagic; }
  bool has_good_ids() const { return has_good_ids_; }
  int bodies() const { return bodies_; }

 private:
  bool read_field(std::uint32_t tag) {
    constexpr auto kVarint = WireFormatLite::WIRETYPE_VARINT;
    constexpr auto kFixed32 = WireFormatLite::WIRETYPE_FIXED32;
    Header& header = envelope_.header;
    switch (WireFormatLite::GetTagWireType(tag)) {
      case WireFormatLite::WIRETYPE_LENGTH_DELIMITED:
        return read_value(WireFormatLite::GetTagFieldNumber(tag));
      case kFixed32:
        if (tag != WireFormatLite::MakeTag(FromWorker::kMagicFieldNumber, kFixed32)) break;
        return in_.ReadLittleEndian32(&magic_);
      case kVarint:
        if (tag == WireFormatLite::MakeTag(FromWorker::kProtocolFieldNumber, kVarint))
          return in_.ReadVarint32(&header.protocol);
        if (tag == WireFormatLite::MakeTag(FromWorker::kEpochFieldNumber, kVarint))
          return in_.ReadVarint32(&header.epoch);
        break;
      default:
        break;
    }
    return WireFormatLite::SkipField(&in_, tag);
  }

  bool read_value(int field) {
    std::span<const std::byte> value;
    if (!read_bytes(in_, bytes_, value)) return false;
    if (field == FromWorker::kRunFieldNumber) {
      has_good_ids_ &= take_id(value, envelope_.header.run);
    } else if (field == FromWorker::kSessionFieldNumber) {
      has_good_ids_ &= take_id(value, envelope_.header.session);
    } else if (is_body(field)) {
      ++bodies_;
      envelope_.field = field;
      envelope_.body = value;
    }
    return true;
  }

  bool is_body(int field) const {
    if (direction_ == Direction::from_worker) {
      return field >= FromWorker::kHelloFieldNumber && field <= FromWorker::kOutputFieldNumber;
    }
    return field >= FromCoordinator::kWelcomeFieldNumber &&
           field <= FromCoordinator::kOutputAckFieldNumber;
  }

  /// Returns false if it has neither 16 bytes nor 0.
  template <class Id>
  static bool take_id(std::span<const std::byte> bytes, Id& id) {
    id = Id{};
    if (bytes.size() != kIdBytes) return bytes.empty();
    std::transform(bytes.begin(), bytes.end(), id.bytes.begin(),
                   [](std::byte byte) { return static_cast<std::uint8_t>(byte); });
    return true;
  }

  std::span<const std::byte> bytes_;
  Direction direction_;
  Envelope& envelope_;
  CodedInputStream in_;
  std::uint32_t magic_ = 0;
  bool has_good_ids_ = true;
  int bodies_ = 0;
};

Error version_error(std::uint32_t version) {
  const std::string own = kOldestProtocolVersion == kProtocolVersion
                              ? fmt::format("{}", kProtocolVersion)
                              : fmt::format("{} to {}", kOldestProtocolVersion, kProtocolVersion);
  return protocol_error(
      fmt::format("the peer speaks protocol version {}, this program {}", version, own));
}

}  // namespace

Error bad_message(std::string_view what) {
  return protocol_error(fmt::format("bad message: {}", what));
}

Result<void> read_envelope(std::span<const std::byte> bytes, Direction direction,
                           Envelope& envelope) {
  envelope = Envelope{};
  if (bytes.size() > limits::message_bytes) return bad_message("too long");
  Envelope read;
  read.header.protocol = 0;
  Reader reader(bytes, direction, read);
  if (!reader.read()) return bad_message("malformed Protocol Buffers");
  if (!reader.has_magic()) return bad_message("bad magic number");
  const std::uint32_t version = read.header.protocol;
  if (version < kOldestProtocolVersion || version > kProtocolVersion) {
    envelope = read;
    return version_error(version);
  }
  if (!reader.has_good_ids()) return bad_message("an id does not have 16 bytes");
  if (reader.bodies() == 0) return bad_message("unknown message type");
  if (reader.bodies() > 1) return bad_message("more than one body");
  envelope = read;
  return {};
}

Result<void> check_sizes(const Envelope& envelope) {
  const Bounds& bounds = bounds_of(envelope.field);
  if (envelope.body.size() > bounds.bytes) return bad_message("too long for its type");
  if (bounds.rows == 0) return {};
  std::array<std::size_t, kFieldEnd> rows{};  // of each column, at least
  CodedInputStream in = stream_of(envelope.body);
  while (const std::uint32_t tag = in.ReadTag()) {
    const auto field = static_cast<unsigned>(WireFormatLite::GetTagFieldNumber(tag));
    std::size_t added = 1;
    if (WireFormatLite::GetTagWireType(tag) == WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      std::span<const std::byte> value;
      if (!read_bytes(in, envelope.body, value)) break;  // the parser names the fault
      const bool is_packed =
          field < kFieldEnd && ((bounds.numbers | bounds.streams) & bits(field)) != 0;
      if (is_packed) added = (value.size() + kVarintBytes - 1) / kVarintBytes;
    } else if (!WireFormatLite::SkipField(&in, tag)) {
      break;
    }
    if (field < kFieldEnd && (rows[field] += added) > most_rows(bounds, field)) {
      return bad_message("too many rows");
    }
  }
  return {};
}

std::string peer_in(const Envelope& hello) {
  if (hello.field != FromWorker::kHelloFieldNumber) return {};
  std::string host;
  std::string name;
  CodedInputStream in = stream_of(hello.body);
  while (const std::uint32_t tag = in.ReadTag()) {
    const int field = WireFormatLite::GetTagFieldNumber(tag);
    if (WireFormatLite::GetTagWireType(tag) != WireFormatLite::WIRETYPE_LENGTH_DELIMITED) {
      if (!WireFormatLite::SkipField(&in, tag)) break;
      continue;
    }
    std::span<const std::byte> value;
    if (!read_bytes(in, hello.body, value)) break;
    const std::string_view text(reinterpret_cast<const char*>(value.data()), value.size());
    if (field == wire::Hello::kHostFieldNumber) host = printable(text, limits::name_bytes);
    if (field == wire::Hello::kNameFieldNumber) name = printable(text, limits::name_bytes);
  }
  return name.empty() ? std::string() : fmt::format("{} on {}", name, host);
}

WorkerBodyKind kind_of(const Envelope& envelope) {
  CHECK(envelope.field >= FromWorker::kHelloFieldNumber &&
        envelope.field <= FromWorker::kOutputFieldNumber);
  return static_cast<WorkerBodyKind>(envelope.field - FromWorker::kHelloFieldNumber);
}

}  // namespace rollcall
