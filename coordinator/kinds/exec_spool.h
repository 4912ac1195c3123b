// The output of commands that arrives while they run.
#pragma once

#include <array>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "coordinator/core/model/limits.h"
#include "coordinator/exec/results/exec_run.h"
#include "coordinator/exec/results/output_spool.h"
#include "coordinator/exec/results/spool_files.h"
#include "coordinator/kinds/streamed_output.h"

namespace rollcall::coordinator {

class EarlyCount;

/// Owns the spool of a run, from start() to stop(). Keeps the end of each attempt's standard error
/// in memory until its outcome is accepted. A full disk has no room; the spool tries again from
/// time to time. With a journal, the run stops instead and can be resumed.
class ExecSpool final : public StreamedOutput {
 public:
  struct Settings {
    /// Empty: nothing prints or writes output, which is dropped as it arrives.
    std::function<Result<std::unique_ptr<SpoolFiles>>()> make_files;
    std::string blame;  ///< begins the text of errors: "--output-dir: "
    std::uint64_t memory_bytes = limits::spool_memory;
    std::uint64_t disk_bytes = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t idle_bytes = 0;  ///< as of OutputSpool
    /// Output is durable when it is written, and stays until the journal has noted that it was
    /// published.
    bool has_journal = false;
    bool is_in_order = false;  ///< it is published in the order of tasks
    bool keeps_files = false;  ///< with a journal: files of results stay when they are printed
  };

  /// `run` gets the reader of the spool, and where the output of results is. It outlives this.
  ExecSpool(ExecRun& run, Settings settings);
  ~ExecSpool() override;

  void start(boost::asio::io_context& loop, Epoch epoch, Handlers handlers) override;
  void stop() override;
  OutputRoom room() const override;
  void take(SessionIndex session, const rollcall::Output& output,
            const std::vector<bool>& is_taken) override;
  void drop(const SessionAttempt& attempt) override;
  std::optional<SpoolKey> output_of(TaskId task) const override;
  void peek(const SpoolStream& stream, std::uint64_t from, std::size_t most,
            OutputSpool::PeekHandler done) override;
  SpoolKey print_early(const SessionAttempt& attempt) override;
  std::vector<FoundOutput> found() const override;
  void cut(const CutOutput& action) override;
  void keep(const std::vector<SessionAttempt>& attempts) override;
  void committed(const RunRecords& records, std::uint64_t published) override;

  /// The outcome of the attempt has become this record, whose result is in the run. Its output, if
  /// there is any, remains until it is printed.
  void accepted(const SessionAttempt& attempt, std::size_t record);
  /// This record is from an earlier epoch, and its output is here. Before start().
  void restore(std::size_t record, const SpoolKey& key) { unpublished_[record] = key; }
  /// With a journal: the run is finished, and all output may go that is not to stay.
  void finish();

 private:
  /// What was taken of an attempt.
  struct Taken {
    std::array<std::uint64_t, kOutputStreams.size()> bytes{};  ///< by index(OutputStream)
    std::string err_end;
  };

  SpoolKey key_of(const SessionAttempt& attempt) const;
  void printed(const SpoolKey& key);
  bool is_disk_full() const;
  std::uint64_t early_room() const;
  void on_written(const std::vector<SpooledSoFar>& streams);
  void on_trouble(const SpoolTrouble& trouble);
  void wait_for_space();

  ExecRun& run_;
  Settings settings_;
  Handlers handlers_;
  Epoch epoch_ = 0;
  std::optional<boost::asio::steady_timer> timer_;
  std::map<SpoolKey, Taken> taken_;  ///< neither accepted nor dropped
  std::optional<SpoolKey> early_;    ///< printed as it arrives
  // With a journal.
  std::map<SessionAttempt, SpoolKey> earlier_;   ///< attempts that earlier epochs have assigned
  std::map<std::size_t, SpoolKey> unpublished_;  ///< by record; or not committed as published
  std::set<TaskId> published_tasks_;             ///< from first_unpublished_ on
  std::uint64_t published_ = 0;                  ///< records
  std::uint64_t first_unpublished_ = 0;          ///< the first task that is not published
  std::shared_ptr<EarlyCount> early_count_;
  bool has_failed_to_write_ = false;  ///< and nothing was written since then
  bool has_warned_ = false;
  std::unique_ptr<OutputSpool> spool_;  ///< null: bytes are dropped, or it was stopped
};

}  // namespace rollcall::coordinator
