#include "coordinator/access/journal_keys.h"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/journal_fixture.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

class JournalKeysTest : public JournalTest {
 protected:
  std::string refusal() {
    const auto read = read_journal_keys(path());
    return read ? "" : read.error().message;
  }
  void write_text(const std::string& text) {
    ASSERT_TRUE(write_journal_keys(path(), keys_));  // sets the file mode
    std::ofstream(journal_keys_path(path())) << text;
  }

  const JournalKeys keys_{"tcp://0.0.0.0:40123", make_run_keys("tcp://node1:40123")};
};

TEST_F(JournalKeysTest, ReadsWhatWasWritten) {
  ASSERT_TRUE(write_journal_keys(path(), {"tcp://127.0.0.1:1", make_run_keys("tcp://node1:1")}));
  ASSERT_TRUE(write_journal_keys(path(), keys_)) << "must replace the file";
  const auto read = read_journal_keys(path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(read->encrypted());
  EXPECT_EQ(read->bind, keys_.bind);
  EXPECT_EQ(access_of(read->keys), access_of(keys_.keys));
  EXPECT_EQ(read->keys.coordinator.secret_key, keys_.keys.coordinator.secret_key);
}

TEST_F(JournalKeysTest, RefusesAFileAccessibleToOtherUsers) {
  ASSERT_TRUE(write_journal_keys(path(), keys_));
  const std::string file = journal_keys_path(path());
  EXPECT_EQ(file, path() + "-keys");
  EXPECT_EQ(std::filesystem::status(file).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::filesystem::permissions(file, std::filesystem::perms::group_read,
                               std::filesystem::perm_options::add);
  EXPECT_THAT(refusal(), HasSubstr("is accessible to other users"));
}

TEST_F(JournalKeysTest, StoresAnUnencryptedRun) {
  const JournalKeys insecure{"tcp://127.0.0.1:40123", {"tcp://127.0.0.1:40123", {}, {}}};
  ASSERT_TRUE(write_journal_keys(path(), insecure));
  const auto read = read_journal_keys(path());
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->encrypted());
}

TEST_F(JournalKeysTest, RefusesAnInvalidFile) {
  write_text("");
  EXPECT_THAT(refusal(), HasSubstr("is not a keys file of a journal: truncated"));
  write_text("[]");
  EXPECT_THAT(refusal(), HasSubstr("is not a keys file of a journal: not a JSON object"));
  write_text(R"({"schema": "a", "schema": "b"})");
  EXPECT_THAT(refusal(), HasSubstr("\"schema\" is given twice"));
  write_text(R"({"schema": "rollcall/keys/1"})");
  EXPECT_THAT(refusal(), HasSubstr("\"schema\" is not \"rollcall/journal-keys/1\""));
  write_text(R"({"schema": "rollcall/journal-keys/1", "bind": "40123", "endpoint": "tcp://a:1"})");
  EXPECT_THAT(refusal(), HasSubstr("\"server_key\" is missing"));
  const auto write_with = [&](const std::string& bind, const std::string& key) {
    write_text(R"({"schema": "rollcall/journal-keys/1", "endpoint": "tcp://a:1", "bind": ")" +
               bind + R"(", "server_key": ")" + key +
               R"(", "server_secret_key": "", "worker_public_key": "", "worker_secret_key": ""})");
  };
  write_with("40123", "");
  EXPECT_THAT(refusal(), HasSubstr("an endpoint is not of the form"));
  write_with("tcp://a:1", "short");
  EXPECT_THAT(refusal(), HasSubstr("a key is not 40 characters of Z85"));
}

TEST_F(JournalKeysTest, CanBeRemoved) {
  ASSERT_TRUE(write_journal_keys(path(), keys_));
  remove_journal_keys(path());
  remove_journal_keys(path());
  const auto read = read_journal_keys(path());
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind, ErrorKind::retryable);
}

}  // namespace
}  // namespace rollcall::coordinator
