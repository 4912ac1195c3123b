// The parts of a journal that only a run of commands has: its input and the command results.
#include "coordinator/journal/journal.h"
#include "coordinator/journal/sqlite/rows.h"
#include "coordinator/journal/statements.h"

namespace rollcall::coordinator {
namespace {

CommandResult command_result(const sqlite::Columns& row, const sqlite::Statement& rows) {
  CommandResult result;
  result.end = static_cast<CommandEnd>(row.number<std::uint8_t>(1, 5));
  result.status = row.number<std::uint8_t>(2);
  result.signal = row.number<std::uint8_t>(3);
  result.error_text = rows.text(4);
  result.elapsed = row.duration(5);
  result.cpu = row.duration(6);
  result.peak_rss_bytes = row.number<std::uint64_t>(7);
  result.out = rows.text(8);
  result.err = rows.text(9);
  result.out_dropped = row.number<std::uint64_t>(10);
  result.err_dropped = row.number<std::uint64_t>(11);
  return result;
}

/// The rows of table `output`, in order.
class SpooledOutputs {
 public:
  explicit SpooledOutputs(sqlite::Check& check) : check_(check) {
    sqlite::Statement tables = check.query("SELECT 1 FROM sqlite_schema WHERE name = 'output'");
    if (!check.next(tables)) return;  // a journal of version 1
    rows_.emplace(check.query(
        "SELECT accepted, session, attempt, epoch, stdout_bytes, stderr_bytes FROM output "
        "ORDER BY accepted"));
    has_row_ = check.next(*rows_);
  }

  /// That of the command with this outcome. Completes `result`.
  std::optional<CommittedOutput> take(std::uint64_t accepted, CommandResult& result) {
    if (!has_row_) return std::nullopt;
    const sqlite::Columns row(check_, *rows_, Duration::zero());
    if (row.number<std::uint64_t>(0) != accepted) return std::nullopt;
    const CommittedOutput output{SessionIndex{row.number<std::uint32_t>(1)}, row.number<Attempt>(2),
                                 row.number<Epoch>(3)};
    result.out_before = row.number<std::uint64_t>(4);
    result.err_before = row.number<std::uint64_t>(5);
    has_row_ = check_.next(*rows_);
    return output;
  }

 private:
  sqlite::Check& check_;
  std::optional<sqlite::Statement> rows_;
  bool has_row_ = false;
};

}  // namespace

Result<void> Journal::write_input(const JournalInput& input) {
  auto insert_bytes = database_.prepare("INSERT INTO standard_input VALUES (CAST(? AS BLOB))");
  if (!insert_bytes) return write_error();
  return in_transaction([&] {
    if (input.standard_input &&
        !insert(Part::standard_input, *insert_bytes, std::string_view(*input.standard_input))) {
      return false;
    }
    if (!input.lines) return true;
    for (std::string text = input.lines(); !text.empty(); text = input.lines()) {
      if (!append_input(text)) return false;
    }
    return true;
  });
}

bool Journal::append_input(std::string_view text) {
  sqlite::Statement& select = statements_->select_part;
  select.bind_all();
  if (!select.next()) return false;
  const std::int64_t last = select.integer(0);
  return select.finish() && insert(Part::input, statements_->input, last + 1, text);
}

Result<void> Journal::read_input(const std::function<Result<void>(std::string_view)>& take) {
  Result<void> taken;
  auto read = read_consistently([&](sqlite::Check& check) {
    check_sum(check, Part::input);
    sqlite::Statement rows = check.query("SELECT text FROM input ORDER BY part");
    while (taken && check.next(rows)) taken = take(rows.text(0));
  });
  return read ? taken : read;
}

Result<std::optional<std::string>> Journal::read_standard_input() {
  std::optional<std::string> bytes;
  auto read = read_consistently([&](sqlite::Check& check) {
    check_sum(check, Part::standard_input);
    sqlite::Statement tables =
        check.query("SELECT 1 FROM sqlite_schema WHERE name = 'standard_input'");
    if (!check.next(tables)) return;  // older journals do not have this table
    sqlite::Statement rows = check.query("SELECT bytes FROM standard_input");
    if (check.next(rows)) bytes = rows.text(0);
  });
  if (!read) return read.error();
  return bytes;
}

Result<void> Journal::read_commands(const std::function<void(CommittedCommand)>& take) {
  return read_consistently([&](sqlite::Check& check) {
    SpooledOutputs outputs(check);
    std::uint64_t sum = 0;
    sqlite::Statement rows = check.query(
        "SELECT accepted, ended, exit_status, signal, error, elapsed_ns, cpu_ns, peak_rss_bytes, "
        "stdout, stderr, stdout_dropped, stderr_dropped FROM command ORDER BY accepted");
    const sqlite::Columns row(check, rows, Duration::zero());
    while (check.next(rows)) {
      sqlite::Digest digest;
      rows.add_to(digest, rows.columns());
      sum += digest.value();
      const auto accepted = row.number<std::uint64_t>(0);
      if (!check.require(accepted > 0, "a command has no outcome")) break;
      CommandResult result = command_result(row, rows);
      std::optional<CommittedOutput> output = outputs.take(accepted, result);
      take({accepted - 1, std::make_shared<const CommandResult>(std::move(result)), output});
    }
    check_sum(check, Part::command, sum);
    check_sum(check, Part::output);
  });
}

bool Journal::write(const CommittedCommand& committed) {
  const CommandResult& result = *committed.result;
  if (committed.output && !insert(Part::output, statements_->output, committed.record + 1,
                                  static_cast<std::int64_t>(index(committed.output->session)),
                                  std::int64_t{committed.output->attempt},
                                  static_cast<std::int64_t>(committed.output->epoch),
                                  result.out_before, result.err_before)) {
    return false;
  }
  return insert(Part::command, statements_->command, committed.record + 1,
                static_cast<std::int64_t>(result.end), std::int64_t{result.status},
                std::int64_t{result.signal}, std::string_view(result.error_text),
                std::int64_t{result.elapsed.count()}, std::int64_t{result.cpu.count()},
                result.peak_rss_bytes, std::string_view(result.out), std::string_view(result.err),
                result.out_dropped, result.err_dropped);
}

}  // namespace rollcall::coordinator
