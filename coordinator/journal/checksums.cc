#include "coordinator/journal/checksums.h"

#include <fmt/core.h>

#include <utility>
#include <vector>

#include "coordinator/journal/sqlite/schema.h"

namespace rollcall::coordinator {
namespace {

using sqlite::Check;
using sqlite::Digest;
using sqlite::Statement;

/// Everything that a new journal defines. Users may add views and indexes.
constexpr const char* kSelectTables =
    "SELECT name, sql FROM sqlite_schema WHERE name IN ('run', 'epoch', 'session', 'batch', "
    "'outcome', 'history', 'odd_result', 'command', 'input', 'standard_input', 'counters', "
    "'checksum', 'job', 'segment', 'output', 'result')";

std::int64_t integer(std::uint64_t n) {
  return static_cast<std::int64_t>(n);
}

/// The first names, each followed by `suffix` and a comma.
std::string column_names(std::string_view suffix, std::size_t part_count = kPartNames.size()) {
  std::string names;
  for (std::size_t i = 0; i < part_count; ++i) {
    names += fmt::format("{}{}, ", kPartNames[i], suffix);
  }
  return names;
}

bool compute_batches(sqlite::Database& database, std::uint64_t& head) {
  Check check(database);
  std::vector<std::pair<std::int64_t, std::uint64_t>> digests;
  {
    Statement batches = check.query(kSelectBatches);
    Statement outcomes = check.query(kSelectOutcomes);
    bool more_outcomes = check.next(outcomes);
    bool more = check.next(batches);
    while (more) {
      Digest digest = batch_digest(head, batches);
      const std::int64_t first = batches.integer(0);
      more = check.next(batches);
      while (more_outcomes && (!more || outcomes.integer(0) < batches.integer(0))) {
        outcomes.add_to(digest, kOutcomeColumns);
        more_outcomes = check.next(outcomes);
      }
      head = digest.value();
      digests.emplace_back(first, head);
    }
  }
  auto update = database.prepare("UPDATE batch SET digest = ? WHERE first_accepted = ?");
  if (check.failed() || !update) return false;
  for (const auto& [first, digest] : digests) {
    if (!update->run(integer(digest), first)) return false;
  }
  return true;
}

}  // namespace

std::uint64_t Checksums::own(std::size_t part_count) const {
  Digest digest;
  digest.add(integer(commits));
  digest.add(std::int64_t{log_needed});
  for (std::size_t i = 0; i < part_count; ++i) digest.add(integer(parts[i]));
  return digest.value();
}

std::string Checksums::create_sql() {
  std::string zeros;
  for (std::size_t i = 0; i < kPartNames.size(); ++i) zeros += "0, ";
  return fmt::format(
      "CREATE TABLE checksum (commits INTEGER NOT NULL, log_needed INTEGER NOT NULL, "
      "{}own INTEGER NOT NULL); INSERT INTO checksum VALUES (0, 0, {}0);",
      column_names(" INTEGER NOT NULL"), zeros);
}

std::string Checksums::update_sql() {
  return fmt::format("UPDATE checksum SET commits = ?, log_needed = ?, {}own = ? WHERE commits = ?",
                     column_names(" = ?"));
}

bool Checksums::update(Statement& statement, std::uint64_t before) const {
  statement.bind_all(integer(commits), std::int64_t{log_needed});
  int place = 2;
  for (const std::uint64_t part : parts) statement.bind(++place, integer(part));
  statement.bind(++place, integer(own()));
  statement.bind(++place, integer(before));
  return statement.finish();
}

Checksums Checksums::read(Check& check, std::size_t part_count) {
  const std::string sql =
      fmt::format("SELECT commits, log_needed, {}own FROM checksum", column_names("", part_count));
  Statement rows = check.query(sql.c_str());
  Checksums read;
  if (!check.require(check.next(rows), "the checksums are missing")) return read;
  read.commits = static_cast<std::uint64_t>(rows.integer(0));
  read.log_needed = rows.integer(1) != 0;
  int column = 1;
  for (std::size_t i = 0; i < part_count; ++i) {
    read.parts[i] = static_cast<std::uint64_t>(rows.integer(++column));
  }
  check.require(rows.integer(++column) == integer(read.own(part_count)),
                "the checksums have changed");
  return read;
}

Digest batch_digest(std::uint64_t before, const Statement& batches) {
  Digest digest(before);
  batches.add_to(digest, kBatchColumns);
  return digest;
}

std::uint64_t sum_of_table(Check& check, Part part) {
  const std::string_view name = kPartNames[static_cast<std::size_t>(part)];
  std::string sql = fmt::format("SELECT * FROM {}", name);
  if (part == Part::tables) {
    sql = kSelectTables;
  } else {
    const std::string find = fmt::format("SELECT 1 FROM sqlite_schema WHERE name = '{}'", name);
    Statement found = check.query(find.c_str());
    if (!check.next(found)) return 0;
  }
  Statement rows = check.query(sql.c_str());
  std::uint64_t sum = 0;
  while (check.next(rows)) {
    Digest digest;
    rows.add_to(digest, rows.columns());
    sum += digest.value();
  }
  return sum;
}

bool has_checksums(Check& check) {
  Statement rows = check.query(
      "SELECT (SELECT count(*) FROM sqlite_schema WHERE name = 'checksum'), "
      "(SELECT count(*) FROM pragma_table_info('batch') WHERE name = 'digest')");
  if (!check.next(rows)) return false;
  const bool table = rows.integer(0) != 0;
  const bool column = rows.integer(1) != 0;
  check.require(table == column, "some of its checksums are missing");
  return table && column;
}

bool compute_checksums(sqlite::Database& database, Checksums& into) {
  Check check(database);
  for (const Part part : {Part::tables, Part::run, Part::epoch, Part::session, Part::history,
                          Part::odd_result, Part::command, Part::input, Part::standard_input,
                          Part::counters, Part::job, Part::segment, Part::output}) {
    into[part] = sum_of_table(check, part);
  }
  into[Part::batch] = 0;
  return !check.failed() && compute_batches(database, into[Part::batch]);
}

}  // namespace rollcall::coordinator
