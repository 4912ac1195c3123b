// Which inputs are read before the run, and which are streamed.
#include "coordinator/kinds/exec_input.h"

#include <gmock/gmock.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "common/limits.h"
#include "coordinator/exec/input/source_identity.h"
#include "tests/support/journal_fixture.h"
#include "tests/support/output_test_files.h"

namespace rollcall::coordinator {
namespace {

using testing::HasSubstr;

class ExecInputTest : public JournalTest {
 protected:
  ExecInputTest() { options.command = {"echo", "{}"}; }

  std::string input(const std::string& text) const {
    std::ofstream(path("lines")) << text;
    return path("lines");
  }
  /// The input of a pipe that has these lines and was closed.
  std::string piped(std::string_view text) const {
    EXPECT_EQ(::write(pipe.write_end, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    return "/dev/fd/" + std::to_string(pipe.read_end);
  }
  ExecInput read() const {
    auto input = read_input(options);
    EXPECT_TRUE(input) << input.error().message;
    return std::move(*input);
  }

  ExecOptions options;
  Pipe pipe;
};

std::string rest_text(const StreamSource& source) {
  std::array<char, 100> text{};
  const ssize_t size = ::read(source.file.get(), text.data(), text.size());
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

TEST_F(ExecInputTest, AFileIsReadBeforeTheRun) {
  options.each_line = input("a\nb\n");
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 2U);
  EXPECT_FALSE(input.rest);
  EXPECT_EQ(input.streamed_from, "");
}

TEST_F(ExecInputTest, ALargeFileIsStreamed) {
  options.each_line = input("a\n");
  std::filesystem::resize_file(options.each_line, limits::input_before_run + 1);
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 0U);
  EXPECT_EQ(input.streamed_from, "--each-line " + options.each_line);
  ASSERT_TRUE(input.rest);
  EXPECT_TRUE(input.rest->file);
  EXPECT_EQ(input.rest->identity, identity_of(input.rest->file.get()));
  EXPECT_NE(input.rest->identity, "");
}

TEST_F(ExecInputTest, APipeIsStreamed) {
  options.each_line = piped("a\n");
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 0U);
  ASSERT_TRUE(input.rest);
  EXPECT_EQ(input.rest->identity, "") << "it cannot be read again";
  EXPECT_EQ(rest_text(*input.rest), "a\n");
}

TEST_F(ExecInputTest, JsonOfAPipeIsStreamed) {
  options.from_json = piped("{\"args\":[\"true\"]}\n");
  options.command.clear();
  const ExecInput input = read();
  ASSERT_TRUE(input.rest);
  EXPECT_EQ(input.rest->name, "--from-json " + options.from_json);
}

/// A run of a streamed input that has taken the first line, "a".
class SavedExecInputTest : public ExecInputTest {
 protected:
  SavedExecInputTest() {
    options.journal = path();
    options.resumes_as_saved = true;
  }
  void save(const std::string& source, bool is_last = false) {
    JournalRun run = opened(journal_run(0));
    run.spec.kind = KindId::exec;
    run.spec.traits = traits_of(KindId::exec);
    run.request = R"({"asked":{"streamed":"a source"}})";
    run.source = source;
    Commit commit;
    commit.tasks.emplace().count = 1;
    commit.tasks->text = "a\n";
    commit.tasks->is_last = is_last;
    ASSERT_TRUE(create_journal(run)->commit(commit));
  }
  /// The identity of the file at options.each_line.
  std::string identity() const {
    const os::Descriptor file(::open(options.each_line.c_str(), O_RDONLY | O_CLOEXEC));
    return identity_of(file.get());
  }
};

TEST_F(SavedExecInputTest, AFileIsReadOn) {
  options.each_line = input("a\nb\nc\n");
  save(identity());
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 1U);
  EXPECT_EQ(input.streamed_from, "--each-line " + options.each_line);
  ASSERT_TRUE(input.rest);
  EXPECT_EQ(rest_text(*input.rest), "b\nc\n");
}

/// It had one line because the next did not fit, for example.
TEST_F(SavedExecInputTest, ACommittedTaskGetsNoMoreLines) {
  options.each_line = input("a\nb\nc\n");
  options.max_args = 5;
  save(identity());
  ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 1U);
  EXPECT_EQ(rest_text(*input.rest), "b\nc\n");
  ASSERT_TRUE(input.commands.add("b\nc\n"));
  ASSERT_TRUE(input.commands.finish());
  EXPECT_EQ(input.commands.size(), 2U);
  EXPECT_EQ(input.commands.text(TaskId{1}), "b c");
}

TEST_F(SavedExecInputTest, AChangedFileIsNotReadOn) {
  options.each_line = input("a\nb\n");
  save(identity());
  std::ofstream(options.each_line, std::ios::app) << "c\n";
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 1U);
  EXPECT_FALSE(input.rest->file);
  EXPECT_THAT(input.rest->lost, HasSubstr("the file has changed or is another one"));
}

/// It may be missing for a while only.
TEST_F(SavedExecInputTest, AMissingFileIsAnErrorThatEndsNothing) {
  options.each_line = input("a\nb\n");
  save(identity());
  std::filesystem::remove(options.each_line);
  const auto resumed = read_input(options);
  ASSERT_FALSE(resumed);
  EXPECT_EQ(resumed.error().message,
            "--each-line " + options.each_line + ": No such file or directory");
  EXPECT_TRUE(read_input(options, /*reads_on=*/false));
}

TEST_F(SavedExecInputTest, AFifoInItsPlaceIsNotWaitedFor) {
  options.each_line = input("a\nb\n");
  save(identity());
  std::filesystem::remove(options.each_line);
  ASSERT_EQ(::mkfifo(options.each_line.c_str(), 0600), 0);
  EXPECT_THAT(read().rest->lost, HasSubstr("the file has changed or is another one"));
}

TEST_F(SavedExecInputTest, AFileOnStandardInputIsToBeGivenAgain) {
  options.each_line = input("a\nb\n");
  save(identity());
  options.each_line.clear();
  const auto resumed = read_input(options);  // whose standard input is no file
  ASSERT_FALSE(resumed);
  EXPECT_THAT(resumed.error().message, HasSubstr("rollcall resume " + options.journal + " < FILE"));
}

TEST_F(SavedExecInputTest, TheRestOfAPipeIsLost) {
  save("");
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 1U);
  EXPECT_FALSE(input.rest->file);
  EXPECT_THAT(input.rest->lost,
              HasSubstr("only a file can be read on; the line that was taken is run"));
}

TEST_F(SavedExecInputTest, AnInputThatWasReadToItsEndIsNotNeeded) {
  save("", /*is_last=*/true);
  options.each_line = path("missing");
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 1U);
  EXPECT_FALSE(input.rest);
}

/// So --resume can compare it with that of the run.
TEST_F(SavedExecInputTest, TheSourceHasTheNameThatIsGivenNow) {
  save("", /*is_last=*/true);
  options.resumes_as_saved = false;
  options.resume = true;
  options.each_line = "missing";
  const ExecInput input = read();
  EXPECT_EQ(input.commands.size(), 1U);
  EXPECT_EQ(input.streamed_from, "--each-line missing");
}

}  // namespace
}  // namespace rollcall::coordinator
