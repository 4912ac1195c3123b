// Runs of commands whose input arrives while they go on.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "common/limits.h"
#include "common/os/descriptor.h"
#include "common/os/file_io.h"
#include "tests/support/journaled_run.h"

namespace rollcall::integration {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Ge;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Lt;
using testing::SizeIs;
using testing::UnorderedElementsAreArray;

/// Runs whose input is a FIFO, which stays open until the test closes it.
class StreamedExec : public JournaledRuns {
 protected:
  void SetUp() override {
    ASSERT_EQ(::mkfifo(file("lines").c_str(), 0600), 0);
    lines_ = os::Descriptor(::open(file("lines").c_str(), O_RDWR | O_CLOEXEC));
    ASSERT_TRUE(lines_);
  }
  void write(const std::string& text) { ASSERT_EQ(os::write_all(lines_.get(), text), 0); }
  /// Ends the input.
  void close() { lines_.reset(); }

  /// `rollcall exec -q --each-line FIFO MORE`.
  Program& streamed(const Arguments& more) {
    return exec(Arguments{"-q", "--each-line", file("lines")} + more);
  }
  Program& journaled(const Arguments& more) {
    return streamed(Arguments{"--journal", journal()} + more);
  }
  /// The lines that commands have appended to file("ran").
  std::vector<std::string> ran() const { return lines_of(contents_of(file("ran"))); }
  bool wait_for_commands(std::size_t count) const {
    return wait_until([&] { return ran().size() >= count; });
  }

  os::Descriptor lines_;
};

TEST_F(StreamedExec, RunsALineWhileTheInputStaysOpen) {
  Program& run = streamed({"--", "echo"});
  for (const std::string line : {"a", "b", "c"}) {
    write(line + "\n");
    ASSERT_TRUE(run.wait_for_lines(line, 1));
  }
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.err(), "");
}

TEST_F(StreamedExec, RunsTheLastLineWithoutItsLineEnd) {
  Program& run = streamed({"--", "echo"});
  write("a\nb");
  ASSERT_TRUE(run.wait_for_lines("a", 1));
  EXPECT_EQ(run.out(), "a\n");
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "a\nb\n");
}

TEST_F(StreamedExec, FollowsAFile) {
  std::ofstream queue(file("queue"));
  const std::string rollcall = (programs_directory() / "rollcall").string();
  Program& run = start({"/bin/sh",
                        {"-c", "{ tail -n +1 -f " + file("queue") + " & echo $! > " + file("tail") +
                                   "; wait; } | exec " + rollcall + " exec -q -- echo"},
                        {},
                        {},
                        {}});
  for (const std::string line : {"a", "b"}) {
    queue << line << std::endl;
    ASSERT_TRUE(run.wait_for_lines(line, 1));
  }
  ASSERT_EQ(::kill(std::stoi(contents_of(file("tail"))), SIGTERM), 0);
  EXPECT_EQ(run.wait(), 0) << run.story();
}

TEST_F(StreamedExec, KeepsTheOrder) {
  Program& run = streamed({"--keep-order", "--tag", "-j", "2", "--shell", "--",
                           "test {} = second || { " + until_touched("go") + "; }; echo {} >> " +
                               file("ran") + "; echo {}"});
  write("first\nsecond\n");
  ASSERT_TRUE(wait_for_commands(1));
  EXPECT_EQ(run.out(), "");
  touch("go");
  ASSERT_TRUE(run.wait_for_lines("second\tsecond", 1));
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "first\tfirst\nsecond\tsecond\n");
}

TEST_F(StreamedExec, AnInterruptEndsARunThatWaitsForInput) {
  Program& run = streamed({"--", "echo"});
  write("a\n");
  ASSERT_TRUE(run.wait_for_lines("a", 1));
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
}

TEST_F(StreamedExec, AnInterruptEndsARunThatHasNoInputYet) {
  Program& run = streamed({"--output", "jsonl", "--", "echo"});
  ASSERT_TRUE(wait_for_events(run, "run_started", 1));
  run.signal(SIGINT);
  EXPECT_EQ(run.wait(), 130) << run.story();
}

TEST_F(StreamedExec, AFastWriterWaits) {
  Program& run = streamed({"-j", "1", "--shell", "--", "test -n {}; " + until_touched("go")});
  ASSERT_EQ(::fcntl(lines_.get(), F_SETFL, O_NONBLOCK), 0);
  ::fcntl(lines_.get(), F_SETPIPE_SZ, 1 << 20);  // to be written in few pieces
  const std::string line = std::string(limits::input_line_bytes, 'x') + "\n";
  const std::size_t most = limits::read_ahead_bytes + (8U << 20U);
  std::size_t written = 0;
  const auto write_some = [&] {
    while (written <= most) {
      const ssize_t count = ::write(lines_.get(), line.data() + written % line.size(),
                                    line.size() - written % line.size());
      if (count < 0) return errno != EAGAIN;
      written += static_cast<std::size_t>(count);
    }
    return true;
  };
  EXPECT_TRUE(wait_until([&] { return write_some() || written > limits::read_ahead_bytes; },
                         std::chrono::minutes(3)));
  EXPECT_FALSE(wait_until(write_some, std::chrono::seconds(1))) << "the writer did not wait";
  EXPECT_THAT(written, AllOf(Ge(limits::read_ahead_bytes), Lt(most)));
  run.signal(SIGINT);
  touch("go");
  EXPECT_EQ(run.wait(), 130) << run.story();
}

TEST_F(StreamedExec, AnInvalidFirstLineIsAnErrorOfTheCommandLine) {
  Program& run = exec({"--from-json", file("lines")});
  write("nonsense\n");
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("rollcall exec: --from-json " + file("lines") + ": line 1"));
  EXPECT_THAT(lines_of(run.err()), SizeIs(1));
}

TEST_F(StreamedExec, AnInvalidLineEndsTheInput) {
  Program& run = exec({"-q", "--from-json", file("lines")});
  write(R"({"args": ["echo", "one"]})"
        "\n");
  ASSERT_TRUE(run.wait_for_lines("one", 1));
  write(R"({"args": ["echo", "two"]})"
        "\nnonsense\n"
        R"({"args": ["echo", "three"]})"
        "\n");
  EXPECT_EQ(run.wait(), 6) << run.story();
  EXPECT_EQ(run.out(), "one\ntwo\n");
  EXPECT_THAT(run.err(), HasSubstr("--from-json " + file("lines") + ": line 3"));
}

TEST_F(StreamedExec, AnEmptyInputIsARunWithoutTasks) {
  Program& run = exec({"--each-line", file("lines"), "--output", "jsonl", "--", "echo"});
  ASSERT_TRUE(wait_for_events(run, "run_started", 1));
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(summary_of(run).at("task_count"), 0);
}

TEST_F(StreamedExec, AShareForHaltIsDecidedWhenTheInputEnds) {
  Program& run =
      streamed({"--output", "jsonl", "-j", "1", "--prefetch", "5", "--halt", "soon,fail=10%",
                "--shell", "--", "test {} != fail || exit 1; " + until_touched("go")});
  write("fail\nwait\nnever\nnever\nnever\nnever\n");
  ASSERT_TRUE(wait_for_events(run, "done", 1));
  ASSERT_TRUE(wait_for_events(run, "started", 2));
  EXPECT_THAT(run.err(), IsEmpty());
  close();
  ASSERT_TRUE(run.wait_for_err("--halt: 1 task failed"));
  // The worker has returned the two attempts that are not in its guardian: it starts nothing more.
  ASSERT_TRUE(wait_for_events(run, "done", 3));
  touch("go");
  EXPECT_EQ(run.wait(), 1) << run.story();
  const auto outcomes = summary_of(run).at("outcomes");
  EXPECT_EQ(outcomes.at("failed"), 1);
  EXPECT_EQ(outcomes.at("succeeded"), 1);
  EXPECT_EQ(outcomes.at("cancelled"), 4);
}

TEST_F(StreamedExec, EventsTellWhenTheInputHasEnded) {
  Program& run = streamed({"--output", "jsonl", "--", "echo"});
  write("a\n");
  ASSERT_TRUE(wait_for_events(run, "done", 1));
  EXPECT_THAT(events_of(run, "input_ended"), IsEmpty());
  write("b\n");
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  const auto started = events_of(run, "run_started").at(0);
  EXPECT_EQ(started.at("schema"), "rollcall/events/2");
  EXPECT_EQ(started.at("task_count"), nullptr);
  const auto ended = events_of(run, "input_ended").at(0);
  EXPECT_EQ(ended.at("task_count"), 2);
  EXPECT_EQ(ended.at("error"), nullptr);
  EXPECT_EQ(summary_of(run).at("input").at("ended"), true);
}

TEST_F(StreamedExec, ADryRunPrintsEachCommandWhenItsLineArrives) {
  Program& run = streamed({"--dry-run", "--", "echo"});
  write("a\n");
  ASSERT_TRUE(run.wait_for_lines("echo a", 1));
  write("b\n");
  ASSERT_TRUE(run.wait_for_lines("echo b", 1));
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(run.out(), "echo a\necho b\n");
}

TEST_F(StreamedExec, ADryRunStopsAtAnInvalidLine) {
  const std::string script = "printf '{\"args\":[\"a\"]}\\nb\\n' | " +
                             (programs_directory() / "rollcall").string() +
                             " exec --dry-run --from-json -";
  Program& run = start({"/bin/sh", {"-c", script}, {}, {}, {}});
  EXPECT_EQ(run.wait(), 2) << run.story();
  EXPECT_EQ(run.out(), "a\n");
  EXPECT_EQ(run.err(), "rollcall exec: standard input: line 2: is not JSON\n");
}

/// What could not be written is printed by the next coordinator, even if every task has ended
/// before the error was noticed.
TEST_F(StreamedExec, ResumesAfterAFullOutputWithAllLines) {
  for (const int count : {1, 20}) {
    const std::string path = journal() + std::to_string(count);
    const std::string script = "seq " + std::to_string(count) + " | " +
                               (programs_directory() / "rollcall").string() +
                               " exec -q -w 1 --journal " + path + " -- echo > /dev/full";
    Program& run = start({"/bin/sh", {"-c", script}, {}, {}, {}});
    EXPECT_EQ(run.wait(), 6) << run.story();
    EXPECT_THAT(run.err(), HasSubstr("to continue: rollcall resume " + path));
    Program& resumed = command({"resume", path});
    EXPECT_EQ(resumed.wait(), 0) << resumed.story();
    EXPECT_THAT(lines_of(resumed.out()), SizeIs(count));
  }
}

TEST_F(StreamedExec, StatusCountsTheTasksSoFar) {
  Program& run = streamed({"--control", file("control"), "--", "echo"});
  write("a\n");
  ASSERT_TRUE(run.wait_for_lines("a", 1));
  Program& text = command({"status", "--control", file("control")});
  EXPECT_EQ(text.wait(), 0) << text.story();
  EXPECT_THAT(text.out(), HasSubstr("1/1 so far, 0 running, 0 waiting"));
  Program& document = command({"status", "--control", file("control"), "--output", "json"});
  EXPECT_EQ(document.wait(), 0) << document.story();
  EXPECT_EQ(document_of(document).at("tasks").at("input_ended"), false);
  close();
  EXPECT_EQ(run.wait(), 0) << run.story();
}

class JournaledStream : public StreamedExec {
 protected:
  /// Starts a run of the lines a, b and c, the last of which waits for touch("go").
  Program& begun_stream() {
    Program& run = journaled(waiting_command());
    write("a\nb\nc\n");
    EXPECT_TRUE(wait_for_commands(3)) << run.story();
    return run;
  }
  Arguments waiting_command() const {
    return {"-j", "4", "--shell", "--",
            "echo {} >> " + file("ran") + "; test {} != c || { " + until_touched("go") + "; }"};
  }
  std::string state() const { return sql(journal(), "SELECT state FROM job").at(0).at(0); }
};

TEST_F(JournaledStream, RunsTheBlocksThatWereTakenFromAPipe) {
  Program& run = journaled({"-j", "4", "--pipe", "--block", "4", "--shell",
                            "tr '\\n' + >> " + file("ran") + "; " + until_touched("go")});
  write("a\nb\nc\nd\ne\n");
  EXPECT_TRUE(wait_until([&] { return contents_of(file("ran")).size() == 8; })) << run.story();
  kill_coordinator(run);
  touch("go");
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 6) << resumed.story();
  EXPECT_THAT(resumed.err(), HasSubstr("the 2 blocks that were taken (8 bytes) are run"));
  EXPECT_THAT(contents_of(file("ran")), testing::AnyOf("a+b+c+d+", "c+d+a+b+"));
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
}

TEST_F(JournaledStream, RunsTheLinesThatWereTakenFromAPipe) {
  kill_coordinator(begun_stream());
  touch("go");
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 6) << resumed.story();
  EXPECT_THAT(resumed.err(),
              AllOf(HasSubstr("--each-line " + file("lines") + ": not read to its end"),
                    HasSubstr("the 3 lines that were taken are run")));
  EXPECT_THAT(ran(), testing::UnorderedElementsAre("a", "b", "c"));
  EXPECT_EQ(state(), "closed");
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
}

TEST_F(JournaledStream, DoesNotNeedAnInputThatWasReadToItsEnd) {
  Program& run = begun_stream();
  close();
  ASSERT_TRUE(wait_until([&] { return state() == "closed"; }));
  kill_coordinator(run);
  std::filesystem::remove(file("lines"));
  touch("go");
  Program& again = journaled(Arguments{"--resume"} + waiting_command());
  EXPECT_EQ(again.wait(), 0) << again.story();
  EXPECT_THAT(ran(), testing::UnorderedElementsAre("a", "b", "c"));
}

TEST_F(JournaledStream, AnotherSourceIsAnotherRun) {
  kill_coordinator(begun_stream());
  touch("go");
  ASSERT_TRUE(wait_for_commands(3));
  std::ofstream(file("others")) << "x\n";
  Program& other =
      exec(Arguments{"--journal", journal(), "--resume", "--each-line", file("others")} +
           waiting_command());
  EXPECT_EQ(other.wait(), 2) << other.story();
  EXPECT_THAT(other.err(), HasSubstr("others"));
  EXPECT_EQ(command({"resume", journal()}).wait(), 6);
  EXPECT_THAT(ran(), SizeIs(3));
}

TEST_F(JournaledStream, ASignalLeavesARunThatCanBeResumed) {
  Program& run = begun_stream();
  run.signal(SIGINT);
  touch("go");
  EXPECT_EQ(run.wait(), 130) << run.story();
  EXPECT_EQ(state(), "open");
  Program& resumed = command({"resume", journal()});
  EXPECT_EQ(resumed.wait(), 6) << resumed.story();
  EXPECT_THAT(ran(), SizeIs(3));
}

TEST_F(JournaledStream, IsReportedWhileItRuns) {
  Program& run = begun_stream();
  ASSERT_TRUE(
      wait_until([&] { return number_in(journal(), "SELECT count(*) FROM outcome") == 2; }));
  Program& report = command({"report", journal()});
  report.wait();
  EXPECT_THAT(report.out() + report.err(), HasSubstr("2 of 3 tasks so far have an outcome"));
  Program& document = command({"report", journal(), "--output", "json"});
  document.wait();
  EXPECT_EQ(document_of(document).at("input").at("ended"), false);
  EXPECT_EQ(document_of(document).at("task_count"), 3);
  Program& validate = command({"validate", journal()});
  validate.wait();
  EXPECT_THAT(validate.out() + validate.err(), HasSubstr("2 of 3 tasks so far have an outcome"));
  close();
  touch("go");
  EXPECT_EQ(run.wait(), 0) << run.story();
}

/// A run of a file that is too large to be read before the run. Its coordinator was killed before
/// it had read all of it, and before a worker joined.
class JournaledLargeFile : public JournaledStream {
 protected:
  static constexpr std::size_t kLines = 800;
  static constexpr std::chrono::minutes kManyCommands{3};

  void SetUp() override {
    std::ofstream large(file("large"));
    const std::string rest(120'000, 'x');
    large << header_;
    for (std::size_t line = 0; line < kLines; ++line) large << line << before_ << rest << after_;
  }
  void begin_and_kill() {
    // If this process stalls, the coordinator may read all of the file before it is killed.
    for (int tries = 1; taken_ == 0 || state() != "open"; ++tries) {
      ASSERT_LE(tries, 20) << "all of the file was read before";
      for (const char* part : {"", "-wal", "-shm", "-commits"}) {
        std::filesystem::remove(journal() + part);
      }
      Program& run = begin();
      ASSERT_TRUE(wait_for_file("run.journal"));
      ASSERT_TRUE(
          wait_until([&] { return number_in(journal(), "SELECT count(*) FROM segment") == 1; }));
      kill_coordinator(run);
      taken_ = static_cast<std::size_t>(number_in(journal(), "SELECT task_count FROM job"));
    }
  }
  virtual Program& begin() {
    return exec(Arguments{"-q", "-w", "0", "--access-file", access_file(), "--journal", journal(),
                          "--each-line", file("large")} +
                columns_ + Arguments{"--shell", "--", number_ + " >> " + file("ran")});
  }
  virtual Program& start_again() { return command({"resume", journal()}); }
  /// Resumes the run with one worker.
  Program& resume() {
    Program& resumed = start_again();
    worker({"--access-file", access_file()});
    return resumed;
  }
  std::vector<std::string> numbers(std::size_t count) const {
    std::vector<std::string> all;
    for (std::size_t line = 0; line < count; ++line) all.push_back(std::to_string(line));
    return all;
  }

  // The file: a header, and lines with a number.
  std::string header_;
  std::string before_ = " ";
  std::string after_ = "\n";
  Arguments columns_ = {"--colsep", " "};
  std::string number_ = "echo {1}";  ///< the command that prints the numbers of its lines

  std::size_t taken_ = 0;  ///< lines or blocks in the journal
};

class JournaledLargeCsv : public JournaledLargeFile {
 protected:
  JournaledLargeCsv() {
    header_ =
        "\xef\xbb\xbf"
        "number,text\r\n";
    before_ = ",\"\n";
    after_ = "\"\r\n";
    columns_ = {"--csv", "--header"};
  }
};

class JournaledLargeBlocks : public JournaledLargeFile {
 protected:
  JournaledLargeBlocks() {
    columns_ = {"--pipe"};
    number_ = "cut -d ' ' -f 1";
  }
};

/// The file is on standard input, and something else has read its first lines.
class JournaledRestOfAFile : public JournaledLargeFile {
 protected:
  static constexpr std::size_t kSkipped = 3;

  Program& begin() override {
    const std::string bytes = std::to_string(kSkipped * (120'000 + 3));
    return shell("head -c " + bytes + " > " + file("skipped") + "; exec " + rollcall() +
                 " exec -q -w 0 --access-file " + access_file() + " --journal " + journal() +
                 " --colsep ' ' --shell -- 'echo {1} >> " + file("ran") + "'");
  }
  Program& start_again() override { return shell("exec " + rollcall() + " resume " + journal()); }

 private:
  static std::string rollcall() { return (programs_directory() / "rollcall").string(); }
  Program& shell(const std::string& script) {
    return start({"/bin/sh", {"-c", "{ " + script + "; } < " + file("large")}, {}, {}, {}});
  }
};

TEST_F(JournaledRestOfAFile, IsReadOnFromWhereItBegan) {
  begin_and_kill();
  Program& resumed = resume();
  EXPECT_EQ(resumed.wait(kManyCommands), 0) << resumed.story();
  std::vector<std::string> expected = numbers(kLines);
  expected.erase(expected.begin(), expected.begin() + kSkipped);
  EXPECT_THAT(ran(), UnorderedElementsAreArray(expected));
}

TEST_F(JournaledLargeBlocks, AreReadOn) {
  begin_and_kill();
  Program& resumed = resume();
  EXPECT_EQ(resumed.wait(kManyCommands), 0) << resumed.story();
  EXPECT_THAT(ran(), UnorderedElementsAreArray(numbers(kLines)));
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
}

TEST_F(JournaledLargeCsv, IsReadOn) {
  begin_and_kill();
  Program& resumed = resume();
  EXPECT_EQ(resumed.wait(kManyCommands), 0) << resumed.story();
  EXPECT_THAT(ran(), UnorderedElementsAreArray(numbers(kLines)));
}

TEST_F(JournaledLargeFile, IsReadOn) {
  begin_and_kill();
  Program& resumed = resume();
  EXPECT_EQ(resumed.wait(kManyCommands), 0) << resumed.story();
  EXPECT_THAT(ran(), UnorderedElementsAreArray(numbers(kLines)));
  EXPECT_EQ(command({"validate", journal()}).wait(), 0);
}

TEST_F(JournaledLargeFile, IsNotReadOnIfItHasChanged) {
  begin_and_kill();
  std::ofstream(file("large"), std::ios::app) << "more\n";
  Program& resumed = resume();
  EXPECT_EQ(resumed.wait(kManyCommands), 6) << resumed.story();
  EXPECT_THAT(resumed.err(), HasSubstr("the file has changed or is another one"));
  EXPECT_THAT(ran(), UnorderedElementsAreArray(numbers(taken_)));
}

}  // namespace
}  // namespace rollcall::integration
