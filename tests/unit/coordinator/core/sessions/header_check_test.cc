// Which messages are refused for their header alone.
#include "coordinator/core/sessions/header_check.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using Body = WorkerBodyKind;

constexpr ConnectionId kKnown{1};
constexpr ConnectionId kJoining{2};
constexpr ConnectionId kUnknown{77};

class HeaderCheck : public testing::Test {
 protected:
  HeaderCheck() {
    names_.run.bytes.fill(1);
    names_.epoch = 3;
    const Session& known = sessions_.add({}, id(1), kKnown);
    sessions_.activate(known);
    sessions_.add({}, id(2), kJoining);
  }

  static SessionId id(std::uint8_t n) {
    SessionId id;
    id.bytes.fill(n);
    return id;
  }
  Header header(std::uint8_t session) const {
    return {kProtocolVersion, names_.run, names_.epoch, id(session)};
  }
  /// The reason; nullopt if the body is to be read.
  std::optional<RejectReason> reason(ConnectionId from, const Header& header, Body kind) const {
    const auto reject = check_header(sessions_, names_, from, header, kind);
    return reject ? std::optional(reject->reason) : std::nullopt;
  }

  RunNames names_;
  SessionTable sessions_{std::chrono::seconds(10), std::chrono::seconds(10)};
};

TEST_F(HeaderCheck, ActiveSessionsMaySendEverything) {
  for (const Body kind : {Body::inventory, Body::report, Body::heartbeat, Body::goodbye}) {
    EXPECT_EQ(reason(kKnown, header(1), kind), std::nullopt);
  }
}

TEST_F(HeaderCheck, AnyoneMaySayHello) {
  EXPECT_EQ(reason(kUnknown, {}, Body::hello), std::nullopt);
  EXPECT_EQ(reason(kKnown, header(2), Body::hello), std::nullopt);
}

TEST_F(HeaderCheck, UnknownConnectionsAreAskedForAHello) {
  for (const Body kind : {Body::inventory, Body::report, Body::heartbeat, Body::goodbye}) {
    EXPECT_EQ(reason(kUnknown, header(1), kind), RejectReason::say_hello);
  }
}

TEST_F(HeaderCheck, OtherNamesAreRefused) {
  Header other_run = header(1);
  other_run.run.bytes.fill(9);
  Header other_epoch = header(1);
  ++other_epoch.epoch;
  for (const Header& wrong : {other_run, other_epoch, header(2), Header{}}) {
    EXPECT_EQ(reason(kKnown, wrong, Body::report), RejectReason::wrong_epoch);
  }
}

TEST_F(HeaderCheck, AJoiningSessionSendsItsInventoryFirst) {
  EXPECT_EQ(reason(kJoining, header(2), Body::report), RejectReason::say_hello);
  EXPECT_EQ(reason(kJoining, header(2), Body::heartbeat), RejectReason::say_hello);
  EXPECT_EQ(reason(kJoining, header(2), Body::inventory), std::nullopt);
  EXPECT_EQ(reason(kJoining, header(2), Body::goodbye), std::nullopt);
}

}  // namespace
}  // namespace rollcall::coordinator
