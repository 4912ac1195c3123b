// The text output of commands whose output is in the spool.
#include "coordinator/output/exec_output.h"

#include <gmock/gmock.h>

#include <future>
#include <thread>

#include "common/limits.h"
#include "tests/support/fake_spool_reader.h"
#include "tests/support/output_test_files.h"
#include "tests/support/run_records_builder.h"

namespace rollcall::coordinator {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kOut = OutputStream::out;

SpoolKey key_of(std::uint32_t task) {
  return {SessionIndex{0}, TaskId{task}, 1, 1};
}

template <class Fact>
void wait_until(Fact fact) {
  while (!fact()) std::this_thread::yield();
}

/// Returns after the thread has printed all that it could, some rounds long.
void run_rounds(OutputThread& thread) {
  for (int round = 0; round < 3; ++round) {
    std::promise<void> has_run;
    thread.post(0, [&] { has_run.set_value(); });
    has_run.get_future().wait();
  }
}

/// A run of tasks that all end, each with a part of its output in the spool.
class SpooledRun {
 public:
  explicit SpooledRun(std::uint32_t tasks)
      : records_(tasks, 0s, 0s),
        exec_({TaskInput::range({0, 1, tasks}), CommandTemplate({"echo", "{}"}, {}), {}}, {}) {
    records_.records().spec.kind = KindId::exec;
    records_.records().spec.traits = traits_of(KindId::exec);
    records_.worker(2);
    exec_.use_spool(spool);
  }
  void open(int out, int error, const CommandOutput::Settings& settings = {}, bool prints = true) {
    output_ = make_exec_output(records_.records(), exec_, settings, prints, out, error);
  }
  /// Ends the task with this in the spool, after `before` bytes that are there, and a tail.
  void end(std::uint32_t task, const std::string& spooled, const std::string& tail,
           std::size_t before = 0) {
    records_.done(task);
    const std::size_t record = records_.records().accepted() - 1;
    CommandResult result;
    result.out = tail;
    result.out_before = before + spooled.size();
    spool->add({key_of(task), kOut}, spooled);
    exec_.results().restore(record, result);
    exec_.results().set_spooled(record, {key_of(task), {}});
  }
  void accept(std::size_t first, std::size_t count) {
    output_->outcomes_accepted(RunRecordsBuilder::kBegin, first, count);
    exec_.publish(records_.records(), first, count);
    exec_.results().mark_published(first + count);
  }
  Output& output() { return *output_; }
  ExecRun& exec() { return exec_; }

  std::shared_ptr<FakeSpoolReader> spool = std::make_shared<FakeSpoolReader>();

 private:
  RunRecordsBuilder records_;
  ExecRun exec_;
  std::unique_ptr<Output> output_;
};

CommandOutput::Settings ordered() {
  return {true, false, 1'000'000, testing::TempDir()};
}

TEST(ExecOutput, PrintsSpooledOutputAndItsTail) {
  SpooledRun run(2);
  const MemoryFile out;
  const MemoryFile error;
  run.open(out.fd(), error.fd(), {true, true, 1'000'000, testing::TempDir()});
  run.end(1, "b1", "b2");
  run.end(0, "a1\n", "a2");
  run.accept(0, 2);
  run.output().drain();
  EXPECT_EQ(out.text(), "0\ta1\n0\ta2\n1\tb1b2\n");
  EXPECT_EQ(run.output().printed(), 2U);
  EXPECT_THAT(run.spool->printed_keys(), ElementsAre(key_of(0), key_of(1)));
}

TEST(ExecOutput, ReadsNothingMoreOfTheSpoolWhileItsReaderIsBehind) {
  constexpr std::size_t kSize = 20U << 20U;
  SpooledRun run(1);
  const Pipe out;
  const MemoryFile error;
  run.open(out.write_end, error.fd());
  run.end(0, std::string(kSize, 'x'), "");
  run.accept(0, 1);
  wait_until([&] { return run.spool->bytes_read() > 0; });  // already more than the pipe takes
  run_rounds(run.output().thread());
  EXPECT_LE(run.spool->bytes_read(), limits::printed_bytes + (1U << 20U));
  EXPECT_EQ(run.spool->printed_of({key_of(0), kOut}), run.spool->bytes_read());
  EXPECT_EQ(run.output().printed(), 0U);
  out.read(kSize);
  run.output().drain();
  EXPECT_EQ(run.output().printed(), 1U);
}

TEST(ExecOutput, CountsEachRecordOfAQueueThatNeverEnds) {
  constexpr std::size_t kSize = 6U << 20U;
  SpooledRun run(10);
  const Pipe out;
  const MemoryFile error;
  run.open(out.write_end, error.fd());
  for (std::uint32_t task = 0; task < 10; ++task) run.end(task, std::string(kSize, 'x'), "");
  run.accept(0, 10);
  // A record may be counted only when the piece that has its end is written.
  static_assert(kSize > limits::printed_bytes + (1U << 20U));
  for (std::size_t read = 1; read < 6; ++read) {
    out.read(kSize);
    wait_until([&] { return run.output().printed() + 1 >= read; });
    EXPECT_LE(run.output().printed(), read);
  }
  EXPECT_TRUE(run.output().thread().failed().empty());
  out.read(5 * kSize);
  run.output().drain();
}

TEST(ExecOutput, PrintsAnAttemptAsItsOutputArrives) {
  for (const bool keep_order : {false, true}) {
    SpooledRun run(2);
    const MemoryFile out;
    const MemoryFile error;
    run.open(out.fd(), error.fd(), keep_order ? ordered() : CommandOutput::Settings());
    run.spool->add({key_of(0), kOut}, "a1 ");
    run.output().print_early(TaskId{0}, key_of(0));
    run.output().drain();
    EXPECT_EQ(out.text(), "a1 ");
    run.end(1, "b1 ", "b2 ");
    run.accept(0, 1);
    run.spool->add({key_of(0), kOut}, "a2 ");
    run.output().output_arrived();
    run.output().drain();
    EXPECT_EQ(out.text(), "a1 a2 ");
    run.end(0, "a3 ", "a4 ", /*before=*/6);
    run.accept(1, 1);
    run.output().drain();
    EXPECT_EQ(out.text(), "a1 a2 a3 a4 b1 b2 ");
    EXPECT_EQ(run.output().printed(), 2U);
    EXPECT_EQ(run.output().failed(), "");
  }
}

TEST(ExecOutput, ReportsThatTheSpoolCannotBeRead) {
  SpooledRun run(1);
  const MemoryFile out;
  const MemoryFile error;
  run.open(out.fd(), error.fd());
  run.end(0, "a", "");
  run.spool->fail("cannot read output in /x: Input/output error");
  run.accept(0, 1);
  run.output().drain();
  EXPECT_EQ(run.output().failed(),
            "cannot print the output of task 0: cannot read output in /x: Input/output error");
  EXPECT_EQ(run.output().printed(), 0U);
}

TEST(ExecOutput, ReleasesWhatNothingPrints) {
  SpooledRun run(1);
  run.open(-1, -1, {}, /*prints=*/false);
  run.end(0, "a", "");
  run.accept(0, 1);
  EXPECT_THAT(run.spool->printed_keys(), ElementsAre(key_of(0)));
  run.output().drain();
  EXPECT_EQ(run.output().printed(), 1U);
}

TEST(ExecOutput, LeavesToTheFilesWhatIsPrintedThere) {
  const TestDirectory directory;
  SpooledRun run(2);
  ASSERT_TRUE(run.exec().open({directory.file("out"), "", false}, {}));
  run.open(-1, -1, {}, /*prints=*/false);
  std::ofstream(directory.file("out/0.out")) << "begin and more than that";
  run.end(0, "begin ", "end");
  run.end(1, "", "short");
  run.accept(0, 2);
  EXPECT_EQ(read_file(directory.file("out/0.out")), "begin end");
  EXPECT_EQ(read_file(directory.file("out/0.err")), "");
  EXPECT_EQ(read_file(directory.file("out/1.out")), "short");
  EXPECT_EQ(run.spool->waits(), 2U);
  EXPECT_THAT(run.spool->printed_keys(), testing::SizeIs(2)) << "the spool need not know them";
}

}  // namespace
}  // namespace rollcall::coordinator
