#include "coordinator/access/run_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "coordinator/access/listening.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

constexpr const char* kEndpoint = "tcp://alpha:7700";

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
  return status.st_mode & 07777U;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::set<std::string> names_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

class RunKeysTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "rollcall-keys-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    parent = name;
    directory = parent / "keys";
  }
  void TearDown() override { fs::remove_all(parent); }
  void write_keys() const {
    const auto written = write_run_keys(directory, make_run_keys(kEndpoint));
    ASSERT_TRUE(written.has_value()) << written.error().message;
  }

  fs::path parent;
  fs::path directory;
};

TEST_F(RunKeysTest, WritesFilesForTheOwnerOnly) {
  write_keys();
  EXPECT_EQ(mode_of(directory), 0700U);
  EXPECT_EQ(names_in(directory), (std::set<std::string>{kCoordinatorKeysFile, kWorkersAccessFile}));
  for (const std::string& name : names_in(directory)) EXPECT_EQ(mode_of(directory / name), 0600U);
}

TEST_F(RunKeysTest, WritesMatchingFiles) {
  write_keys();
  const auto keys = read_run_keys(directory);
  ASSERT_TRUE(keys.has_value()) << keys.error().message;
  const auto access = read_access_file(directory / kWorkersAccessFile);
  ASSERT_TRUE(access.has_value()) << access.error().message;
  EXPECT_EQ(access->endpoint, kEndpoint);
  EXPECT_EQ(*access, access_of(*keys));
}

TEST_F(RunKeysTest, OmitsTheCoordinatorsSecretFromTheAccessFile) {
  write_keys();
  const std::string secret = read_run_keys(directory)->coordinator.secret_key;
  EXPECT_EQ(secret.size(), 40U);
  EXPECT_THAT(text_of(directory / kWorkersAccessFile), Not(HasSubstr(secret)));
}

TEST_F(RunKeysTest, ReadsOnlyTheCoordinatorsFile) {
  write_keys();
  fs::remove(directory / kWorkersAccessFile);
  EXPECT_TRUE(read_run_keys(directory).has_value());
}

TEST_F(RunKeysTest, NeverReplacesAFile) {
  write_keys();
  for (const char* name : {kCoordinatorKeysFile, kWorkersAccessFile}) {
    const std::string before = text_of(directory / name);
    const auto again = write_run_keys(directory, make_run_keys(kEndpoint));
    ASSERT_FALSE(again.has_value());
    EXPECT_THAT(again.error().message, HasSubstr("already exists; left unchanged"));
    EXPECT_EQ(text_of(directory / name), before);
    fs::remove(directory / name);
    if (name == std::string(kCoordinatorKeysFile)) {
      EXPECT_EQ(names_in(directory), std::set<std::string>{kWorkersAccessFile});
    }
  }
}

TEST_F(RunKeysTest, AcceptsAnEmptyPrivateDirectory) {
  fs::create_directory(directory);
  ASSERT_EQ(::chmod(directory.c_str(), 0700), 0);
  write_keys();
}

TEST_F(RunKeysTest, RefusesADirectoryAccessibleToOtherUsers) {
  fs::create_directory(directory);
  ASSERT_EQ(::chmod(directory.c_str(), 0750), 0);
  const auto written = write_run_keys(directory, make_run_keys(kEndpoint));
  ASSERT_FALSE(written.has_value());
  EXPECT_THAT(written.error().message, HasSubstr("chmod 700 " + directory.string()));
  EXPECT_TRUE(names_in(directory).empty());
}

TEST_F(RunKeysTest, ReportsThatTheDirectoryCannotBeCreated) {
  const auto nowhere = write_run_keys(parent / "no" / "such", make_run_keys(kEndpoint));
  ASSERT_FALSE(nowhere.has_value());
  EXPECT_THAT(nowhere.error().message, HasSubstr("No such file or directory"));
  std::ofstream(directory) << "a file";
  EXPECT_FALSE(write_run_keys(directory, make_run_keys(kEndpoint)).has_value());
}

TEST_F(RunKeysTest, ReportsWhatIsWrongWithAFile) {
  EXPECT_THAT(read_run_keys(directory).error().message, HasSubstr("No such file"));
  write_keys();
  const fs::path path = directory / kCoordinatorKeysFile;
  const std::string good = text_of(path);
  const auto error_with = [&](const std::string& text) {
    std::ofstream(path) << text;
    const auto keys = read_run_keys(directory);
    return keys ? std::string("none") : keys.error().message;
  };
  EXPECT_EQ(error_with(good), "none");
  EXPECT_THAT(error_with(good.substr(0, 40)), HasSubstr("not a keys file: truncated"));
  EXPECT_THAT(error_with("keys"), HasSubstr("not a keys file: invalid JSON at byte 1"));
  EXPECT_THAT(error_with("[]"), HasSubstr("not a JSON object"));
  std::string other = good;
  EXPECT_THAT(error_with(other.replace(good.find("server_secret"), 6, "sorrow")),
              HasSubstr("\"server_secret_key\" is missing"));
  other = good;
  EXPECT_THAT(error_with(other.replace(good.find("server_secret_key\": \"") + 21, 1, "")),
              HasSubstr("a key is not 40 characters"));
  other = good;
  EXPECT_THAT(error_with(other.insert(1, "\"more\": \"\",")), HasSubstr("unknown member \"more\""));
  other = good;
  EXPECT_THAT(error_with(other.replace(good.find("tcp://"), 3, "udp")), HasSubstr("\"endpoint\""));
}

class ListeningTest : public RunKeysTest {};

TEST_F(ListeningTest, DefaultsToAFreeLoopbackPort) {
  EXPECT_EQ(listening_of(JoiningOptions{})->bind, "tcp://127.0.0.1:*");
}

TEST_F(ListeningTest, BindsThePortOfTheKeysUnlessGiven) {
  write_keys();
  JoiningOptions options;
  options.keys = directory;
  EXPECT_EQ(listening_of(options)->bind, "tcp://*:7700");
  options.bind = "tcp://10.0.0.7:1234";
  EXPECT_EQ(listening_of(options)->bind, "tcp://10.0.0.7:1234");
}

TEST_F(ListeningTest, RefusesToOverwriteTheAccessFileOfTheKeys) {
  write_keys();
  JoiningOptions options;
  options.keys = directory;
  options.access_file = directory / "." / kWorkersAccessFile;
  const auto listening = listening_of(options);
  ASSERT_FALSE(listening.has_value());
  EXPECT_THAT(listening.error().message, HasSubstr("was made by rollcall keys"));
  options.keys.clear();
  EXPECT_FALSE(listening_of(options).has_value());
  options.keys = directory;
  options.access_file = parent / "another.access";
  EXPECT_TRUE(listening_of(options).has_value());
}

}  // namespace
}  // namespace rollcall::coordinator
