// The files of --output-dir.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>

#include "coordinator/core/model/limits.h"
#include "coordinator/exec/results/spool_files.h"
#include "tests/support/output_test_files.h"

namespace rollcall::coordinator {
namespace {

class DirectoryFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    auto files = open_directory_files(directory_);
    ASSERT_TRUE(files) << files.error().message;
    files_ = std::move(*files);
  }

  static SpoolStream stream(std::uint32_t task, OutputStream stream, Attempt attempt = 1,
                            Epoch epoch = 1) {
    return {{SessionIndex{attempt}, TaskId{task}, attempt, epoch}, stream};
  }
  std::string content(const std::string& name) const {
    std::ifstream file(directory_ + "/" + name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const TestDirectory test_directory_;
  const std::string directory_ = test_directory_.file("");
  const OutputStream out_ = OutputStream::out;
  const OutputStream err_ = OutputStream::err;
  std::unique_ptr<SpoolFiles> files_;
};

TEST_F(DirectoryFilesTest, GrowAndStay) {
  EXPECT_EQ(files_->write(stream(7, out_), 0, "ab"), 0);
  EXPECT_EQ(content("7.out"), "ab");
  EXPECT_EQ(files_->write(stream(7, out_), 2, "c"), 0);
  EXPECT_EQ(files_->write(stream(7, err_), 0, "e"), 0);
  std::string bytes(2, ' ');
  EXPECT_EQ(files_->read(stream(7, out_), 1, bytes), 0);
  EXPECT_EQ(bytes, "bc");
  EXPECT_EQ(files_->read(stream(7, out_, 2), 1, bytes), EIO) << "another attempt";
  EXPECT_EQ(files_->cut(stream(7, out_), 1), 0);
  files_->close(stream(7, out_));
  files_->close(stream(7, err_));
  EXPECT_EQ(files_->remove(stream(7, out_)), 0);
  EXPECT_EQ(files_->remove(stream(7, err_)), 0);
  files_.reset();
  EXPECT_EQ(content("7.out"), "a");
  EXPECT_EQ(content("7.err"), "e");
}

TEST_F(DirectoryFilesTest, StayIfTheyAreClosedBeforeTheirBytesAreWritten) {
  files_->close(stream(7, out_));
  files_->close(stream(7, err_));
  EXPECT_EQ(files_->write(stream(7, out_), 0, "ab"), 0);
  EXPECT_EQ(files_->write(stream(7, err_), 0, "e"), 0);
  EXPECT_EQ(files_->remove(stream(7, out_)), 0);
  EXPECT_EQ(files_->remove(stream(7, err_)), 0);
  EXPECT_EQ(content("7.out"), "ab");
  EXPECT_EQ(content("7.err"), "e");
}

TEST_F(DirectoryFilesTest, BelongToTheLatestAttempt) {
  EXPECT_EQ(files_->write(stream(7, out_, 1), 0, "first"), 0);
  EXPECT_EQ(files_->write(stream(7, err_, 1), 0, "first"), 0);
  EXPECT_EQ(files_->write(stream(7, out_, 2), 0, "2nd"), 0);
  EXPECT_EQ(content("7.out"), "2nd");
  EXPECT_EQ(content("7.err"), "");
  EXPECT_EQ(files_->write(stream(7, err_, 1), 5, " late"), 0);
  EXPECT_EQ(files_->remove(stream(7, out_, 1)), 0);
  EXPECT_EQ(files_->cut(stream(7, out_, 1), 0), 0);
  EXPECT_EQ(content("7.out"), "2nd");
  EXPECT_EQ(content("7.err"), "");
  EXPECT_EQ(files_->write(stream(7, out_, 1, /*epoch=*/2), 0, "new"), 0);
  EXPECT_EQ(files_->write(stream(7, out_, 9), 0, "late again"), 0);
  EXPECT_EQ(content("7.out"), "new");
}

TEST_F(DirectoryFilesTest, AreEmptyWhenTheirAttemptIsRemoved) {
  EXPECT_EQ(files_->write(stream(7, out_, 2), 0, "ab"), 0);
  EXPECT_EQ(files_->remove(stream(7, out_, 2)), 0);
  EXPECT_EQ(content("7.out"), "");
  EXPECT_EQ(files_->write(stream(7, out_, 1), 0, "late"), 0);
  EXPECT_EQ(content("7.out"), "");
  EXPECT_EQ(files_->write(stream(7, out_, 3), 0, "again"), 0);
  EXPECT_EQ(content("7.out"), "again");
}

TEST_F(DirectoryFilesTest, ReplaceThoseOfAnEarlierRun) {
  std::ofstream(directory_ + "/7.out") << "a long text";
  std::ofstream(directory_ + "/7.err") << "an error";
  EXPECT_EQ(files_->write(stream(7, out_), 0, "ab"), 0);
  EXPECT_EQ(content("7.out"), "ab");
  EXPECT_EQ(content("7.err"), "");
}

TEST_F(DirectoryFilesTest, NeedFewDescriptors) {
  constexpr std::uint32_t kTasks = 300;
  for (const std::string text : {"one ", "two"}) {
    for (std::uint32_t task = 0; task < kTasks; ++task) {
      ASSERT_EQ(files_->write(stream(task, out_), text == "two" ? 4 : 0, text), 0);
    }
  }
  const auto open = std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  EXPECT_LT(open, std::ptrdiff_t{limits::spool_descriptors} + 50);
  for (std::uint32_t task = 0; task < kTasks; ++task) {
    ASSERT_EQ(content(std::to_string(task) + ".out"), "one two");
  }
}

TEST_F(DirectoryFilesTest, ReportErrors) {
  std::filesystem::remove_all(directory_);
  EXPECT_EQ(files_->write(stream(7, out_), 0, "ab"), ENOENT);
  const auto missing = open_directory_files("/nonexistent");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, "cannot open /nonexistent: No such file or directory");
}

}  // namespace
}  // namespace rollcall::coordinator
