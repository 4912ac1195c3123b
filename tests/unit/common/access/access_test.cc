#include "common/access/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace rollcall {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Access example() {
  return {"tcp://127.0.0.1:5555", "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
          "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs",
          7};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

class AccessFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "rollcall-access-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    directory = name;
    path = directory / "run.access";
  }
  void TearDown() override { fs::remove_all(directory); }
  void write_text(const std::string& text) const { std::ofstream(path) << text; }
  ErrorKind read_error() const { return read_access_file(path).error().kind; }

  fs::path directory;
  fs::path path;
};

TEST(AccessTest, RoundTripsThroughJson) {
  const auto back = access_from_json(to_json(example()));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, example());
  EXPECT_TRUE(back->encrypted());
}

TEST(AccessTest, RoundTripsThroughJsonWithoutKeys) {
  const Access plain{"ipc:///tmp/x", "", "", ""};
  const auto back = access_from_json(to_json(plain));
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_EQ(*back, plain);
  EXPECT_FALSE(back->encrypted());
}

TEST(AccessTest, TruncatedTextIsRetryable) {
  std::string text = to_json(example());
  text.erase(text.rfind('}'));
  for (std::size_t n = 0; n <= text.size(); ++n) {
    const auto access = access_from_json(std::string_view(text).substr(0, n));
    ASSERT_FALSE(access.has_value()) << n;
    EXPECT_EQ(access.error().kind, ErrorKind::retryable) << n;
  }
}

TEST(AccessTest, SaysWhatIsWrong) {
  const std::string good = to_json(example());
  const std::pair<std::string, std::string> cases[] = {
      {"[1]", "not a JSON object"},
      {"hello", "invalid JSON at byte 1"},
      {"{}", "schema"},
      {replaced(good, "access/1", "access/2"), "schema"},
      {replaced(good, "\"endpoint\"", "\"end\""), "\"endpoint\" is missing"},
      {replaced(good, "\"tcp://127.0.0.1:5555\"", "5"), "\"endpoint\" is missing"},
      {replaced(good, "tcp://", "udp://"), "not of the form"},
      {replaced(good, "rq:rM", "rq:r"), "40 characters"},
      {replaced(good, "rq:rM", "rq\\\"rM"), "40 characters"},
      {replaced(good, "rq:rM", "#####"), "40 characters"},
      {replaced(good, example().server_key, ""), "40 characters"},
      {replaced(good, "7\n", "-1\n"), "\"ticket\""},
      {replaced(good, "7\n", "4294967296\n"), "\"ticket\""},
      {replaced(good, "7\n", "1.5\n"), "\"ticket\""},
      {replaced(good, "7\n", "7, \"more\": 1\n"), "unknown member \"more\""},
      {replaced(good, "7\n", "7, \"ticket\": 8\n"), "\"ticket\" is given twice"},
  };
  for (const auto& [text, what] : cases) {
    const auto access = access_from_json(text);
    ASSERT_FALSE(access.has_value()) << text;
    EXPECT_THAT(access.error().message, HasSubstr(what)) << text;
    EXPECT_EQ(access.error().kind, ErrorKind::permanent) << text;
  }
}

TEST(AccessTest, ErrorsDoNotShowTheSecretKey) {
  const auto access = access_from_json(replaced(to_json(example()), "D:)Q[IlAW!", "D:)Q[ secret "));
  ASSERT_FALSE(access.has_value());
  EXPECT_THAT(access.error().message, ::testing::Not(HasSubstr("secret ")));
}

TEST_F(AccessFileTest, DistinguishesRetryableErrors) {
  EXPECT_EQ(read_error(), ErrorKind::retryable);
  write_text("");
  EXPECT_EQ(read_error(), ErrorKind::retryable);
  write_text("nonsense");
  EXPECT_EQ(read_error(), ErrorKind::permanent);
  write_text(std::string(100'000, ' '));
  EXPECT_EQ(read_error(), ErrorKind::permanent);
  EXPECT_THAT(read_access_file(path).error().message, HasSubstr(path.string()));
}

TEST_F(AccessFileTest, WarnsWhenOthersCanReadIt) {
  write_text(to_json(example()));
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(access_file_warning(path), "");
  fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
  EXPECT_THAT(access_file_warning(path), HasSubstr("chmod 600 " + path.string()));
}

}  // namespace
}  // namespace rollcall
