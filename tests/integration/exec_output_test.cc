// Output that is larger than one message: whole, in order, and never lost.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "tests/support/peak_memory.h"
#include "tests/support/programs_fixture.h"

namespace rollcall::integration {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::size_t kMega = 1'000'000;
constexpr std::size_t kMostMemory = 64U << 20U;

/// A shell script: `bytes` of output, all lines of which are the input.
std::string flood(std::size_t bytes) {
  return "yes {} | head -c " + std::to_string(bytes);
}

/// What flood() writes for this input.
std::string flood_of(const std::string& input, std::size_t bytes) {
  std::string text;
  text.reserve(bytes + input.size());
  while (text.size() < bytes) text += input + "\n";
  text.resize(bytes);
  return text;
}

/// The inputs whose whole output of `bytes` each makes up the file, in this order. Fails the test
/// if it is anything else.
std::vector<std::string> floods_in(const fs::path& path, std::size_t bytes) {
  std::ifstream file(path, std::ios::binary);
  std::vector<std::string> inputs;
  std::string piece(bytes, '\0');
  while (file.read(piece.data(), static_cast<std::streamsize>(bytes))) {
    inputs.push_back(piece.substr(0, piece.find('\n')));
    EXPECT_TRUE(piece == flood_of(inputs.back(), bytes)) << "output of " << inputs.back();
  }
  EXPECT_EQ(file.gcount(), 0) << "output that is not whole";
  return inputs;
}

std::vector<std::string> numbers(int first, int last) {
  std::vector<std::string> texts;
  for (int n = first; n <= last; ++n) texts.push_back(std::to_string(n));
  return texts;
}

class LargeOutput : public ProgramsTest {
 protected:
  /// `rollcall exec -q ARGUMENTS --shell SCRIPT`, whose standard output goes to file("out").
  Program& exec_to_file(const Arguments& arguments, const std::string& script) {
    return start(
        {programs_directory() / "rollcall",
         Arguments{"exec", "-q", "-w", "2"} + arguments + Arguments{"--shell", "--", script},
         {},
         "",
         file("out")});
  }
  std::vector<std::string> floods(std::size_t bytes) { return floods_in(file("out"), bytes); }
};

TEST_F(LargeOutput, IsPrintedWhole) {
  Program& run = exec_to_file({"--range", "1-8", "-j", "4"}, flood(20 * kMega));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(20 * kMega), testing::UnorderedElementsAreArray(numbers(1, 8)));
}

TEST_F(LargeOutput, IsPrintedInTheOrderOfTasks) {
  Program& run = exec_to_file({"--range", "1-8", "-j", "4", "-k"}, flood(20 * kMega));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(20 * kMega), testing::ElementsAreArray(numbers(1, 8)));
}

TEST_F(LargeOutput, OfBothStreamsIsWhole) {
  Program& run =
      exec_to_file({"--range", "1-2"}, flood(5 * kMega) + "; " + flood(3 * kMega) + " >&2");
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(5 * kMega), testing::UnorderedElementsAreArray(numbers(1, 2)));
  const std::string err = run.err();
  EXPECT_TRUE(err == flood_of("1", 3 * kMega) + flood_of("2", 3 * kMega) ||
              err == flood_of("2", 3 * kMega) + flood_of("1", 3 * kMega));
}

TEST_F(LargeOutput, SixteenGigabytesInOrder) {
  if (!long_tests()) GTEST_SKIP() << "only with ROLLCALL_LONG_TESTS";
  constexpr std::size_t kGiga = 1'000'000'000;
  Program& run = exec_to_file({"--range", "1-16", "-j", "8", "-k"}, flood(kGiga));
  std::size_t most = 0;
  EXPECT_TRUE(wait_until(
      [&] {
        most = std::max(most, peak_memory(run.pid()));
        return !run.running();
      },
      std::chrono::minutes(20)));
  EXPECT_EQ(run.wait(), 0);
  EXPECT_LT(most, kMostMemory);
  EXPECT_THAT(floods(kGiga), testing::ElementsAreArray(numbers(1, 16)));
}

TEST_F(LargeOutput, TakesLittleMemory) {
  Program& run = exec_to_file({"--range", "1-1"}, flood(400 * kMega) + "; sleep 1000");
  const auto spooled = [&] {
    std::uintmax_t bytes = 0;
    for (const auto& fd : fs::directory_iterator("/proc/" + std::to_string(run.pid()) + "/fd")) {
      std::error_code error;
      const auto size = fs::file_size(fd.path(), error);
      if (!error) bytes = std::max(bytes, size);
    }
    return bytes;
  };
  ASSERT_TRUE(wait_until([&] { return spooled() >= 390 * kMega; })) << spooled();
  EXPECT_LT(peak_memory(run.pid()), kMostMemory);
  for (const pid_t worker : children_of(run.pid())) EXPECT_LT(peak_memory(worker), kMostMemory);
  ASSERT_TRUE(wait_until([&] {
    run.signal(SIGINT);
    return !run.running();
  }));
}

TEST_F(LargeOutput, WaitsForALimitedSpool) {
  Program& run =
      exec_to_file({"--range", "1-6", "-j", "3", "--spool-size", "1M"}, flood(10 * kMega));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(10 * kMega), testing::UnorderedElementsAreArray(numbers(1, 6)));
}

TEST_F(LargeOutput, WaitsForALimitedSpoolInOrder) {
  Program& run =
      exec_to_file({"--range", "1-6", "-j", "3", "-k", "--spool-size", "1M"}, flood(10 * kMega));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(10 * kMega), testing::ElementsAreArray(numbers(1, 6)));
}

/// A limit of the size of files is like a full disk.
TEST_F(LargeOutput, GoesOnWhenTheDiskOfTheSpoolIsFull) {
  const std::string script = "(ulimit -f 4096; \"$0\" exec -w 2 -k -j 3 --range 1-6 --shell -- '" +
                             flood(10 * kMega) + "'; echo $? > \"$2\") | cat > \"$1\"";
  Program& run =
      start({"/bin/sh",
             {"-c", script, programs_directory() / "rollcall", file("out"), file("status")},
             {},
             "",
             {}});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(contents_of(file("status")), "0\n") << run.story();
  EXPECT_THAT(run.err(), HasSubstr("no file can hold the rest of the output"));
  EXPECT_THAT(floods(10 * kMega), testing::ElementsAreArray(numbers(1, 6)));
}

/// As soon as the spool is full, what never ends is printed.
TEST_F(LargeOutput, ThatNeverEndsEndsWithItsReader) {
  const std::string script =
      "(\"$0\" exec -q -w 1 --spool-size 1M --range 1-2 -- yes {}; "
      "echo $? > \"$2\") | head -n 2 > \"$1\"";
  Program& run =
      start({"/bin/sh",
             {"-c", script, programs_directory() / "rollcall", file("out"), file("status")},
             {},
             "",
             {}});
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(contents_of(file("status")), "6\n") << run.story();
  EXPECT_THAT(contents_of(file("out")), testing::AnyOf("1\n1\n", "2\n2\n"));
}

TEST_F(LargeOutput, WithRetriesAFullSpoolStopsTheRun) {
  Program& run = exec_to_file({"--range", "1-2", "--retries", "1", "--spool-size", "1M"},
                              flood(10 * kMega) + "; sleep 1000");
  EXPECT_EQ(run.wait(), 6) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("the spool of output is full"));
}

TEST_F(LargeOutput, OfALostWorkerIsNeverPrinted) {
  Program& run = exec_to_file({"--range", "1-4", "-j", "1", "-k"},
                              "test -e " + file("go") + " || { " + flood(5 * kMega) + "; touch " +
                                  file("wrote-{}") + "; sleep 1000; }; " + flood(5 * kMega));
  ASSERT_TRUE(
      wait_until([&] { return fs::exists(file("wrote-1")) && fs::exists(file("wrote-2")); }));
  std::ofstream(file("go")).close();
  for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGKILL);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(5 * kMega), testing::ElementsAreArray(numbers(1, 4)));
}

TEST_F(LargeOutput, GrowsInItsFileWhileTheCommandRuns) {
  Program& run = exec_to_file({"--range", "7-7", "--output-dir", file("outputs")},
                              flood(3 * kMega) + "; while ! test -e " + file("go") +
                                  "; do sleep 0.01; done; " + flood(kMega));
  const fs::path growing = file("outputs/0.out");
  std::error_code error;
  EXPECT_TRUE(wait_until([&] { return fs::file_size(growing, error) == 3 * kMega && !error; }));
  EXPECT_EQ(contents_of(growing), flood_of("7", 3 * kMega));
  std::ofstream(file("go")).close();
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(contents_of(growing), flood_of("7", 3 * kMega) + flood_of("7", kMega));
}

TEST_F(LargeOutput, OfTheNextAttemptReplacesTheFileOfALostOne) {
  Program& run = exec_to_file({"--range", "7-7", "--output-dir", file("outputs")},
                              "if test -e " + file("go") + "; then echo second; exit; fi; " +
                                  flood(3 * kMega) + "; sleep 1000");
  const fs::path growing = file("outputs/0.out");
  std::error_code error;
  EXPECT_TRUE(wait_until([&] { return fs::file_size(growing, error) == 3 * kMega && !error; }));
  std::ofstream(file("go")).close();
  for (const pid_t worker : children_of(run.pid())) ::kill(worker, SIGKILL);
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_EQ(contents_of(growing), "second\n");
}

TEST_F(LargeOutput, IsLimitedOnRequestAndThenReported) {
  Program& run = exec_to_file({"--range", "1-2", "--max-output", "2M"}, flood(3 * kMega));
  EXPECT_EQ(run.wait(), 1) << run.story();
  EXPECT_THAT(run.err(), HasSubstr("more bytes of standard output dropped (--max-output)"));
  EXPECT_EQ(fs::file_size(file("out")), 2 * (2U << 20U));
}

// With a journal.

class JournaledOutput : public LargeOutput {
 protected:
  std::string journal() const { return file("run.db"); }
  /// Waits until files beside the journal have this many bytes.
  bool wait_for_spooled(std::uintmax_t bytes) {
    return wait_until([&] {
      std::uintmax_t all = 0;
      std::error_code error;
      for (const auto& entry : fs::directory_iterator(journal() + "-output", error)) {
        const auto size = entry.file_size(error);
        if (!error) all += size;
      }
      return all >= bytes;
    });
  }
  Program& resume(const std::string& output) {
    return start({programs_directory() / "rollcall", {"resume", journal()}, {}, "", file(output)});
  }
};

TEST_F(JournaledOutput, IsPrintedWholeAndGoes) {
  Program& run =
      exec_to_file({"--range", "1-6", "-j", "3", "-k", "--journal", journal()}, flood(10 * kMega));
  EXPECT_EQ(run.wait(), 0) << run.story();
  EXPECT_THAT(floods(10 * kMega), testing::ElementsAreArray(numbers(1, 6)));
  EXPECT_FALSE(fs::exists(journal() + "-output"));
}

/// The commands go on while there is no coordinator, and the next one continues their output.
TEST_F(JournaledOutput, IsContinuedByTheNextCoordinator) {
  Program& run =
      exec_to_file({"--range", "1-2", "-j", "1", "-k", "--journal", journal()},
                   "echo {} >> " + file("ran") + "; " + flood(6 * kMega) + "; while ! test -e " +
                       file("go") + "; do sleep 0.01; done; " + flood(2 * kMega));
  ASSERT_TRUE(wait_for_spooled(12 * kMega)) << run.story();
  run.signal(SIGKILL);
  EXPECT_EQ(run.wait(), -SIGKILL);
  Program& next = resume("next");
  std::ofstream(file("go")).close();
  EXPECT_EQ(next.wait(), 0) << next.story();
  const std::string out = contents_of(file("next"));
  EXPECT_TRUE(out == flood_of("1", 6 * kMega) + flood_of("1", 2 * kMega) +
                         flood_of("2", 6 * kMega) + flood_of("2", 2 * kMega))
      << out.size();
  EXPECT_THAT(lines_of(contents_of(file("ran"))), testing::UnorderedElementsAre("1", "2"));
  EXPECT_FALSE(fs::exists(journal() + "-output"));
}

/// Output that was not read when the coordinator died is printed by the next one.
TEST_F(JournaledOutput, ThatWasNotReadIsPrintedByTheNextCoordinator) {
  ASSERT_EQ(::mkfifo(file("out").c_str(), 0600), 0);
  const int reader = ::open(file("out").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  Program& run =
      exec_to_file({"--range", "1-4", "-j", "2", "--journal", journal()}, flood(3 * kMega));
  ASSERT_TRUE(wait_for_spooled(4 * (3 * kMega - (64U << 10U)))) << run.story();
  run.signal(SIGKILL);
  run.wait();
  ::close(reader);
  Program& next = resume("next");
  EXPECT_EQ(next.wait(), 0) << next.story();
  EXPECT_THAT(floods_in(file("next"), 3 * kMega),
              testing::UnorderedElementsAreArray(numbers(1, 4)));
}

}  // namespace
}  // namespace rollcall::integration
