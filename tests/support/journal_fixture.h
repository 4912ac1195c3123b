// A fixture for tests that create journals in a temporary directory.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "coordinator/journal/journal.h"
#include "tests/support/random_commits.h"
#include "tests/support/same_records.h"

namespace rollcall::coordinator {

using namespace std::chrono_literals;

inline JournalRun journal_run(std::uint32_t tasks) {
  JournalRun run;
  run.spec.id.bytes.fill(0xab);
  run.spec.task_count = tasks;
  run.spec.pause_min = 1ms;
  run.spec.pause_max = 20ms;
  run.spec.seed = 42;
  run.request = R"({"command":"sleep","task_count":5})";
  run.created = 1'700'000'000'000'000'000;
  return run;
}

inline EpochStart epoch_start(Duration after = {}, std::string boot = "boot-1") {
  return {123, std::move(boot), Instant(500s + after), 600s + after,
          1'700'000'000'000'000'000 + after.count()};
}

/// The run as an open one, before it has tasks.
inline JournalRun opened(JournalRun run) {
  run.spec.task_count = 0;
  run.spec.is_open = true;
  run.source = "standard input";
  return run;
}

/// The text of the input, without its parts.
inline std::string input_of(Journal& journal) {
  std::string text;
  const auto read = journal.read_input([&](std::string_view part) {
    text += part;
    return Result<void>();
  });
  EXPECT_TRUE(read) << read.error().message;
  return text;
}

/// The files of a run at a power cut. The commit counter is not written through SQLite; each of its
/// numbers is durable before anything else is written.
inline std::map<std::string, std::string> with_counter(std::map<std::string, std::string> image,
                                                       const std::string& journal) {
  std::ifstream file(CommitCounter::name_of(journal), std::ios::binary);
  if (file) image[CommitCounter::name_of(journal)] = {std::istreambuf_iterator<char>(file), {}};
  return image;
}

/// Owns a temporary directory, in memory if possible.
class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    const std::string shm = "/dev/shm/";
    std::string name = (std::filesystem::exists(shm) ? shm : testing::TempDir()) + "journalXXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
  }
  ~JournalTest() override { std::filesystem::remove_all(directory_); }

  std::string path(const std::string& name = "run.db") const { return directory_ / name; }

  void remove_journal() const {
    for (const char* suffix : {"", "-wal", "-shm", "-commits"}) {
      std::filesystem::remove(path() + suffix);
    }
  }

  /// Creates a journal and begins its first epoch.
  std::unique_ptr<Journal> create_journal(const JournalRun& run) {
    auto journal = Journal::create(path(), run);
    EXPECT_TRUE(journal) << journal.error().message;
    EXPECT_TRUE((*journal)->begin_epoch(epoch_start()));
    return std::move(*journal);
  }

  std::filesystem::path directory_;
};

}  // namespace rollcall::coordinator
