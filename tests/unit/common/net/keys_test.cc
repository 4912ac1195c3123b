#include "common/net/keys.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "common/access/access.h"

namespace rollcall::net {
namespace {

TEST(KeysTest, PairsAreUniqueAndValidInAnAccessFile) {
  const KeyPair server = make_key_pair();
  const KeyPair worker = make_key_pair();
  const std::set<std::string> all = {server.public_key, server.secret_key, worker.public_key,
                                     worker.secret_key};
  EXPECT_EQ(all.size(), 4U);
  const Access access{"tcp://127.0.0.1:1", server.public_key, worker.public_key, worker.secret_key};
  EXPECT_TRUE(access_from_json(to_json(access)).has_value());
}

}  // namespace
}  // namespace rollcall::net
