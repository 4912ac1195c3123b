#include "coordinator/access/access_file.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/output_test_files.h"

namespace rollcall::coordinator {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

Access example(const std::string& endpoint = "tcp://127.0.0.1:5555") {
  return {endpoint, "", "", ""};
}

class AccessFileTest : public ::testing::Test {
 protected:
  AccessFileTest() { fs::create_directory(notes); }
  void write_text(const std::string& text) const { std::ofstream(path) << text; }
  std::string text() const { return read_file(path.string()); }
  /// The error of writing the file; empty if it is written. Removes it again.
  std::string error(const Access& access = example()) const {
    const auto file = AccessFile::create(path, access);
    return file ? "" : file.error().message;
  }
  /// Writes the file in a process that is then killed.
  void leave_behind() const {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto file = AccessFile::create(path, example());
      if (file) (*file)->note_in(notes);
      ::_exit(file ? 0 : 1);  // without destructors
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
    ASSERT_TRUE(fs::exists(path));
  }

  const TestDirectory directory;
  const fs::path path = directory.file("run.access");
  const fs::path notes = directory.file("notes");
};

TEST_F(AccessFileTest, IsForItsOwnerAndRemovedAtTheEnd) {
  const mode_t mask = ::umask(0);
  auto file = AccessFile::create(path, example());
  ::umask(mask);
  ASSERT_TRUE(file) << file.error().message;
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0600U);
  EXPECT_EQ(*read_access_file(path), example());
  EXPECT_EQ(directory.size(), 2U);
  file->reset();
  EXPECT_EQ(directory.size(), 1U);
}

TEST_F(AccessFileTest, NeverReplacesAnotherFile) {
  for (const std::string other : {"precious\n", "", "{\"schema\": \"rollcall/keys/1\"}"}) {
    write_text(other);
    EXPECT_THAT(error(), HasSubstr(path.string() + " exists and is not an access file"));
    EXPECT_EQ(text(), other);
    EXPECT_EQ(directory.size(), 2U);
  }
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_THAT(error(), HasSubstr("not a regular file"));
  fs::remove(path);
  fs::create_symlink("/dev/null", path);
  EXPECT_THAT(error(), HasSubstr("not a regular file"));
  fs::remove(path);
  fs::create_symlink(directory.file("nothing"), path);
  EXPECT_THAT(error(), HasSubstr("dangling"));
  EXPECT_TRUE(fs::is_symlink(path));
}

TEST_F(AccessFileTest, RefusesTheFileOfALivingRun) {
  const auto file = AccessFile::create(path, example());
  ASSERT_TRUE(file);
  EXPECT_THAT(error(example("tcp://127.0.0.1:6666")), HasSubstr("of a run that is alive"));
  EXPECT_EQ(*read_access_file(path), example());
  EXPECT_EQ(directory.size(), 2U);
}

TEST_F(AccessFileTest, ReplacesTheFileOfADeadRun) {
  leave_behind();
  const auto file = AccessFile::create(path, example("tcp://127.0.0.1:6666"));
  ASSERT_TRUE(file) << file.error().message;
  EXPECT_EQ(read_access_file(path)->endpoint, "tcp://127.0.0.1:6666");
  EXPECT_EQ(directory.size(), 2U);
}

TEST_F(AccessFileTest, LeavesAFileThatHasReplacedIt) {
  auto file = AccessFile::create(path, example());
  ASSERT_TRUE(file);
  fs::remove(path);
  write_text("mine");
  file->reset();
  EXPECT_EQ(text(), "mine");
}

TEST_F(AccessFileTest, IsRemovedAfterItsRunHasDied) {
  leave_behind();
  AccessFile::remove_dead(notes);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_TRUE(fs::is_empty(notes));
}

TEST_F(AccessFileTest, RemovesNoOtherFileAfterItsRunHasDied) {
  leave_behind();
  write_text("mine");
  AccessFile::remove_dead(notes);
  EXPECT_EQ(text(), "mine");
  EXPECT_TRUE(fs::is_empty(notes));
}

TEST_F(AccessFileTest, StaysWhileItsRunIsAlive) {
  auto file = AccessFile::create(path, example());
  ASSERT_TRUE(file);
  (*file)->note_in(notes);
  AccessFile::remove_dead(notes);
  EXPECT_TRUE(fs::exists(path));
  EXPECT_FALSE(fs::is_empty(notes));
  file->reset();
  EXPECT_TRUE(fs::is_empty(notes));
}

TEST_F(AccessFileTest, FailureLeavesNothingBehind) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const rlimit tiny{10, limit.rlim_max};
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &tiny), 0);
  const std::string why = error();
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_THAT(why, HasSubstr("File too large"));
  EXPECT_EQ(directory.size(), 1U);
  const auto nowhere = AccessFile::create(directory.file("no") + "/such/directory", example());
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message, HasSubstr(directory.file("no")));
}

}  // namespace
}  // namespace rollcall::coordinator
