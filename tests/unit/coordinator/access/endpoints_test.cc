#include "coordinator/access/endpoints.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

TEST(Endpoints, LocalWorkersUseLoopbackForAWildcard) {
  EXPECT_EQ(endpoint_for_local_workers("tcp://0.0.0.0:7700"), "tcp://127.0.0.1:7700");
  EXPECT_EQ(endpoint_for_local_workers("tcp://[::]:7700"), "tcp://127.0.0.1:7700");
  EXPECT_EQ(endpoint_for_local_workers("tcp://10.0.0.7:7700"), "tcp://10.0.0.7:7700");
  EXPECT_EQ(endpoint_for_local_workers("ipc:///tmp/run"), "ipc:///tmp/run");
}

TEST(Endpoints, OtherWorkersUseTheHostNameForAWildcard) {
  EXPECT_EQ(endpoint_for_others("tcp://[::]:7700", "", "alpha"), "tcp://alpha:7700");
  EXPECT_EQ(endpoint_for_others("tcp://10.0.0.7:7700", "", "alpha"), "tcp://10.0.0.7:7700");
}

TEST(Endpoints, OtherWorkersUseTheAdvertisedAddress) {
  EXPECT_EQ(endpoint_for_others("tcp://0.0.0.0:7700", "gate", "alpha"), "tcp://gate:7700");
  EXPECT_EQ(endpoint_for_others("tcp://0.0.0.0:7700", "gate:80", "alpha"), "tcp://gate:80");
  EXPECT_EQ(endpoint_for_others("tcp://0.0.0.0:7700", "[fd00::1]", "alpha"),
            "tcp://[fd00::1]:7700");
  EXPECT_EQ(endpoint_for_others("tcp://0.0.0.0:7700", "[fd00::1]:80", "alpha"),
            "tcp://[fd00::1]:80");
}

TEST(Endpoints, RecognizeTheSocketThatWasBound) {
  const std::string bound = "tcp://127.0.0.1:7700";
  for (const char* same : {"tcp://127.0.0.1:7700", "tcp://127.0.0.1:*", "tcp://127.0.0.1:7000-7700",
                           "tcp://localhost:7700", "tcp://lo:*"}) {
    EXPECT_TRUE(may_have_bound(same, bound)) << same;
  }
  for (const char* other : {"tcp://127.0.0.1:7701", "tcp://127.0.0.2:7700", "tcp://*:7700",
                            "tcp://127.0.0.1:7701-7800", "ipc:///tmp/run"}) {
    EXPECT_FALSE(may_have_bound(other, bound)) << other;
  }
  EXPECT_TRUE(may_have_bound("tcp://*:*", "tcp://0.0.0.0:7700"));
  EXPECT_TRUE(may_have_bound("tcp://*:7700", "tcp://[::]:7700"));
  EXPECT_FALSE(may_have_bound("tcp://127.0.0.1:7700", "tcp://0.0.0.0:7700"));
  EXPECT_TRUE(may_have_bound("ipc:///tmp/run", "ipc:///tmp/run"));
}

TEST(Endpoints, BindsThePortOnAllAddresses) {
  EXPECT_EQ(endpoint_to_bind("tcp://alpha:7700"), "tcp://*:7700");
  EXPECT_EQ(endpoint_to_bind("tcp://[fd00::1]:7700"), "tcp://*:7700");
  EXPECT_EQ(endpoint_to_bind("tcp://127.0.0.1:7700"), "tcp://127.0.0.1:7700");
  EXPECT_EQ(endpoint_to_bind("ipc:///tmp/run"), "ipc:///tmp/run");
}

}  // namespace
}  // namespace rollcall::coordinator
