#include "coordinator/core/output/output_ledger.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>
#include <vector>

#include "common/base/rng.h"
#include "common/limits.h"
#include "coordinator/core/model/limits.h"

namespace rollcall::coordinator {
namespace {

constexpr SessionIndex kA{0};
constexpr SessionIndex kB{1};
constexpr TaskId kTask{7};
constexpr auto kOut = OutputStream::out;
constexpr auto kErr = OutputStream::err;

bool holds_all(TaskId, Attempt) {
  return true;
}
bool holds_none(TaskId, Attempt) {
  return false;
}

class OutputLedgerTest : public testing::Test {
 protected:
  OutputLedgerTest() {
    ledger.add_session();
    ledger.add_session();
  }

  bool receive(SessionIndex session, std::uint64_t offset, std::uint64_t size,
               OutputStream stream = kOut) {
    const OutputRow row{kTask, 1, stream, offset, size};
    const bool is_taken = ledger.receive(session, {&row, 1}, holds_all).is_taken.at(0);
    ledger.check_invariants();
    return is_taken;
  }
  /// All answers that are due, of all sessions.
  std::vector<OutputAnswer> answers() {
    std::vector<OutputAnswer> rows;
    while (const auto next = ledger.take_answers()) {
      rows.insert(rows.end(), next->rows.begin(), next->rows.end());
    }
    ledger.check_invariants();
    return rows;
  }
  using Answers = std::vector<OutputAnswer>;

  OutputLedger ledger{/*taken_is_durable=*/false};
};

TEST_F(OutputLedgerTest, TakesRowsThatContinueTheStream) {
  const std::vector<OutputRow> rows = {{kTask, 1, kOut, 0, 100},
                                       {kTask, 1, kErr, 0, 5},
                                       {kTask, 1, kOut, 100, 50},
                                       {kTask, 2, kOut, 100, 50}};
  const ReceivedOutput received = ledger.receive(kA, rows, holds_all);
  EXPECT_EQ(received.is_taken, std::vector<bool>({true, true, true, false}));
  EXPECT_EQ(received.cost, 155 + 3 * limits::output_row_cost);
  EXPECT_EQ(ledger.taken(kA, kTask, 1, kOut), 150U);
  EXPECT_EQ(ledger.taken(kA, kTask, 1, kErr), 5U);
  EXPECT_EQ(answers(),
            Answers({{kTask, 1, kOut, 150, 0}, {kTask, 1, kErr, 5, 0}, {kTask, 2, kOut, 0, 0}}));
}

TEST_F(OutputLedgerTest, DropsAndAnswersRepeatedOverlappingAndLaterRows) {
  EXPECT_TRUE(receive(kA, 0, 100));
  answers();
  for (const auto& [offset, size] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {0, 100}, {50, 100}, {101, 1}, {100, 0}, {0, kNotWanted}}) {
    EXPECT_FALSE(receive(kA, offset, size)) << offset;
    EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 100, 0}})) << offset;
  }
  EXPECT_FALSE(receive(kA, 100, kNotWanted));
  EXPECT_TRUE(receive(kA, 100, 1));
}

TEST_F(OutputLedgerTest, KeepsSessionsApart) {
  EXPECT_TRUE(receive(kA, 0, 100));
  EXPECT_FALSE(receive(kB, 100, 1));
  EXPECT_TRUE(receive(kB, 0, 1));
  EXPECT_EQ(ledger.taken(kA, kTask, 1, kOut), 100U);
  EXPECT_EQ(ledger.taken(kB, kTask, 1, kOut), 1U);
}

TEST_F(OutputLedgerTest, AnswersAnAttemptThatIsNotHeldOnceAndKeepsNothingOfIt) {
  const std::vector<OutputRow> rows = {
      {kTask, 1, kOut, 0, 10}, {kTask, 1, kOut, 10, 10}, {kTask, 1, kErr, 0, 10}};
  const ReceivedOutput received = ledger.receive(kA, rows, holds_none);
  EXPECT_EQ(received.is_taken, std::vector<bool>({false, false, false}));
  EXPECT_EQ(received.cost, 0U);
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 0, kNotWanted}, {kTask, 1, kErr, 0, kNotWanted}}));
  EXPECT_EQ(ledger.size(), 0U);
}

TEST_F(OutputLedgerTest, AnswersEachChangeOnce) {
  receive(kA, 0, 100);
  receive(kA, 100, 100);
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 200, 0}}));
  EXPECT_EQ(answers(), Answers());
  ledger.made_durable(kA, kTask, 1, kOut, 150);
  ledger.made_durable(kA, kTask, 1, kOut, 120);
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 200, 150}}));
  ledger.made_durable(kA, kTask, 1, kOut, 150);
  EXPECT_EQ(answers(), Answers()) << "nothing has changed";
}

TEST_F(OutputLedgerTest, WithoutAJournalBytesTakenAreDurable) {
  OutputLedger without(/*taken_is_durable=*/true);
  without.add_session();
  const OutputRow row{kTask, 1, kOut, 0, 10};
  without.receive(kA, {&row, 1}, holds_all);
  without.check_invariants();
  EXPECT_EQ(without.take_answers()->rows, Answers({{kTask, 1, kOut, 10, 10}}));
  EXPECT_EQ(without.verdict(kA, kTask, 1, {10, 0}, {0, 0}), OutputVerdict::complete);
}

TEST_F(OutputLedgerTest, NotifiesTheWorkerOfADiscardedAttempt) {
  receive(kA, 0, 100);
  answers();
  ledger.discard(kA, kTask, 1);
  const Answers unwanted = {{kTask, 1, kOut, 100, kNotWanted}, {kTask, 1, kErr, 0, kNotWanted}};
  EXPECT_EQ(answers(), unwanted);
  EXPECT_FALSE(receive(kA, 100, 1)) << "taken although it was discarded";
  EXPECT_EQ(answers(), Answers({unwanted[0]}));
  ledger.made_durable(kA, kTask, 1, kOut, 100);
  EXPECT_EQ(answers(), Answers());
}

TEST_F(OutputLedgerTest, DiscardsAnAttemptThatHasSentNothing) {
  ledger.discard(kA, kTask, 1);
  EXPECT_EQ(answers().size(), 2U);
  EXPECT_EQ(ledger.size(), 1U) << "it is not forgotten when it was answered";
  EXPECT_FALSE(receive(kA, 0, 1));
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {}, {}), OutputVerdict::not_wanted);
}

TEST_F(OutputLedgerTest, RemembersADiscardedAttemptThatWasAnsweredBefore) {
  const OutputRow row{kTask, 1, kOut, 0, 10};
  ledger.receive(kA, {&row, 1}, holds_none);
  ledger.discard(kA, kTask, 1);
  EXPECT_EQ(answers().size(), 2U);
  EXPECT_EQ(ledger.size(), 1U);
}

TEST_F(OutputLedgerTest, ForgetsAnAttemptWithItsAnswers) {
  receive(kA, 0, 100);
  ledger.forget(kA, kTask, 1);
  ledger.forget(kA, kTask, 1);
  ledger.made_durable(kA, kTask, 1, kOut, 100);
  EXPECT_EQ(answers(), Answers());
  EXPECT_EQ(ledger.size(), 0U);
  receive(kA, 0, 10);
  const auto next = ledger.take_answers();
  EXPECT_EQ(next->rows, Answers({{kTask, 1, kOut, 10, 0}}));
  EXPECT_EQ(next->cost, 110 + 2 * limits::output_row_cost) << "rows forgotten before are answered";
}

TEST_F(OutputLedgerTest, AcceptsAnOutcomeOnlyWhenItsBytesAreDurable) {
  using enum OutputVerdict;
  const auto verdict = [&](ReportedStream out, ReportedStream err) {
    return ledger.verdict(kA, kTask, 1, out, err);
  };
  EXPECT_EQ(verdict({9, 9}, {0, 0}), complete) << "all of it is in the tail";
  EXPECT_EQ(verdict({10, 9}, {0, 0}), contradiction);
  receive(kA, 0, 100, kErr);
  EXPECT_EQ(verdict({0, 0}, {100, 0}), not_durable);
  ledger.made_durable(kA, kTask, 1, kErr, 99);
  EXPECT_EQ(verdict({0, 0}, {100, 0}), not_durable);
  ledger.made_durable(kA, kTask, 1, kErr, 100);
  EXPECT_EQ(verdict({0, 0}, {100, 0}), complete);
  EXPECT_EQ(verdict({5, 5}, {120, 20}), complete);
  EXPECT_EQ(verdict({0, 0}, {99, 0}), contradiction);
  EXPECT_EQ(verdict({0, 0}, {101, 0}), contradiction);
  EXPECT_EQ(verdict({0, 0}, {100, 1}), contradiction);
  EXPECT_EQ(verdict({5, 6}, {100, 0}), contradiction) << "the tail is longer than the stream";
}

TEST_F(OutputLedgerTest, TakesNothingOfASessionThatHasEnded) {
  receive(kA, 0, 100);
  ledger.made_durable(kA, kTask, 1, kOut, 100);
  answers();
  ledger.session_ended(kA);
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {100, 0}, {}), OutputVerdict::complete);
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {101, 0}, {}), OutputVerdict::not_wanted);
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {5, 6}, {}), OutputVerdict::contradiction);
  EXPECT_FALSE(receive(kA, 0, 100));
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 100, 100}})) << "it may still be reported";
  EXPECT_FALSE(receive(kA, 100, 1));
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 100, kNotWanted}}));
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {100, 0}, {}), OutputVerdict::not_wanted);
  const OutputRow other{TaskId{8}, 1, kOut, 0, 1};
  EXPECT_FALSE(ledger.receive(kA, {&other, 1}, holds_all).is_taken[0]);
  EXPECT_EQ(answers(), Answers({{TaskId{8}, 1, kOut, 0, kNotWanted}}));
  EXPECT_EQ(ledger.size(), 1U) << "of an attempt without bytes, nothing is kept";
  EXPECT_TRUE(receive(kB, 0, 1));
}

TEST_F(OutputLedgerTest, BytesMayBecomeDurableAfterTheirSessionHasEnded) {
  receive(kA, 0, 100);
  ledger.session_ended(kA);
  ledger.made_durable(kA, kTask, 1, kOut, 100);
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {100, 0}, {}), OutputVerdict::complete);
}

TEST_F(OutputLedgerTest, ResumesWhereTheWorkerKnowsThatBytesAreDurable) {
  EXPECT_EQ(ledger.resume(kA, kTask, 1, kOut, {60, 100, 0}), 60U);
  EXPECT_EQ(ledger.resume(kA, kTask, 1, kErr, {0, 0, 0}), 0U);
  ledger.check_invariants();
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 60, 60}, {kTask, 1, kErr, 0, 0}}));
  EXPECT_TRUE(receive(kA, 60, 10));
}

TEST_F(OutputLedgerTest, DoesNotTakeBackBytesThatArePrinted) {
  EXPECT_EQ(ledger.resume(kA, kTask, 1, kOut, {60, 0, 80}), 80U);
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 80, 80}}));
}

TEST_F(OutputLedgerTest, DiscardsAnAttemptWhoseBytesAreLost) {
  EXPECT_EQ(ledger.resume(kA, kTask, 1, kOut, {60, 59, 0}), std::nullopt);
  EXPECT_EQ(ledger.resume(kA, kTask, 1, kErr, {60, 60, 0}), std::nullopt) << "one stream is lost";
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 0, kNotWanted}, {kTask, 1, kErr, 0, kNotWanted}}));
  EXPECT_EQ(ledger.verdict(kA, kTask, 1, {60, 0}, {60, 0}), OutputVerdict::not_wanted);
}

TEST_F(OutputLedgerTest, KeepsWhatThisEpochKnowsWhenAWorkerReconnects) {
  receive(kA, 0, 100);
  ledger.made_durable(kA, kTask, 1, kOut, 70);
  answers();
  EXPECT_EQ(ledger.resume(kA, kTask, 1, kOut, {20, 0, 0}), 100U);
  EXPECT_EQ(answers(), Answers({{kTask, 1, kOut, 100, 70}}));
}

TEST_F(OutputLedgerTest, AnswersSessionsInTurnAndInBatches) {
  std::vector<OutputRow> rows;
  for (std::uint32_t i = 0; i < limits::output_rows + 5; ++i) {
    rows.push_back({TaskId{i}, 1, kOut, 0, 1});
  }
  const std::uint64_t cost = ledger.receive(kA, rows, holds_all).cost;
  receive(kB, 0, 1);
  const auto first = ledger.take_answers();
  EXPECT_EQ(first->session, kA);
  EXPECT_EQ(first->rows.size(), limits::output_rows);
  EXPECT_EQ(ledger.take_answers()->session, kB);
  const auto rest = ledger.take_answers();
  EXPECT_EQ(rest->session, kA);
  EXPECT_EQ(rest->rows.size(), 5U);
  EXPECT_EQ(first->cost + rest->cost, cost);
  EXPECT_FALSE(ledger.take_answers());
}

/// The rules of the ledger, as plainly as possible.
struct SimpleLedger {
  struct Stream {
    std::uint64_t taken = 0;
    std::uint64_t durable = 0;
  };
  using AttemptOf = std::tuple<SessionIndex, TaskId, Attempt>;

  bool takes(const AttemptOf& attempt, const OutputRow& row) {
    const Stream known = streams[{attempt, row.stream}];
    return !unwanted.contains(attempt) && row.offset == known.taken;
  }

  std::map<std::pair<AttemptOf, OutputStream>, Stream> streams;
  std::map<AttemptOf, bool> unwanted;
};

/// Random calls on a ledger and on its model.
class RandomLedger {
 public:
  explicit RandomLedger(std::uint64_t seed) : rng_(seed) {
    ledger_.add_session();
    ledger_.add_session();
  }

  void step() {
    const SessionIndex session{static_cast<std::uint32_t>(rng_.below(2))};
    const TaskId task{static_cast<std::uint32_t>(rng_.below(4))};
    const auto attempt = static_cast<Attempt>(1 + rng_.below(2));
    const SimpleLedger::AttemptOf key{session, task, attempt};
    const OutputStream stream = rng_.below(2) == 0 ? kOut : kErr;
    SimpleLedger::Stream& known = model_.streams[{key, stream}];
    const std::uint64_t choice = rng_.below(20);
    if (choice < 10) {
      receive(key, {task, attempt, stream, known.taken + (rng_.below(4) == 0), 1 + rng_.below(9)});
    } else if (choice < 15) {
      known.durable = std::max(known.durable, rng_.below(known.taken + 1));
      ledger_.made_durable(session, task, attempt, stream, known.durable);
    } else if (choice == 15) {
      model_.unwanted[key] = true;
      ledger_.discard(session, task, attempt);
    } else if (choice == 16) {
      for (const OutputStream each : {kOut, kErr}) model_.streams.erase({key, each});
      model_.unwanted.erase(key);
      ledger_.forget(session, task, attempt);
    } else {
      check_answers();
    }
    ledger_.check_invariants();
    check_verdict(key);
  }

  void check_answers() {
    while (const auto answers = ledger_.take_answers()) {
      cost_ -= answers->cost;
      for (const OutputAnswer& answer : answers->rows) check(answers->session, answer);
    }
  }

  /// Cost of rows that were taken and not answered.
  std::uint64_t cost() const { return cost_; }

 private:
  void receive(const SimpleLedger::AttemptOf& key, const OutputRow& row) {
    const bool is_taken = model_.takes(key, row);
    const ReceivedOutput received = ledger_.receive(std::get<0>(key), {&row, 1}, holds_all);
    ASSERT_EQ(received.is_taken.at(0), is_taken);
    cost_ += received.cost;
    if (is_taken) model_.streams[{key, row.stream}].taken += row.size;
  }

  void check(SessionIndex session, const OutputAnswer& answer) {
    const SimpleLedger::AttemptOf key{session, answer.task, answer.attempt};
    const SimpleLedger::Stream known = model_.streams[{key, answer.stream}];
    ASSERT_EQ(answer.taken, known.taken);
    ASSERT_EQ(answer.durable, model_.unwanted.contains(key) ? kNotWanted : known.durable);
  }

  void check_verdict(const SimpleLedger::AttemptOf& key) {
    const SimpleLedger::Stream out = model_.streams[{key, kOut}];
    const SimpleLedger::Stream err = model_.streams[{key, kErr}];
    const auto& [session, task, attempt] = key;
    const auto verdict =
        ledger_.verdict(session, task, attempt, {out.taken + 3, 3}, {err.taken, 0});
    const bool is_durable = out.durable == out.taken && err.durable == err.taken;
    if (model_.unwanted.contains(key)) {
      ASSERT_EQ(verdict, OutputVerdict::not_wanted);
    } else {
      ASSERT_EQ(verdict, is_durable ? OutputVerdict::complete : OutputVerdict::not_durable);
    }
  }

  Rng rng_;
  OutputLedger ledger_{/*taken_is_durable=*/false};
  SimpleLedger model_;
  std::uint64_t cost_ = 0;
};

TEST(OutputLedgerRandom, AgreesWithASimpleModel) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(seed);
    RandomLedger random(seed);
    for (int i = 0; i < 300 && !testing::Test::HasFailure(); ++i) random.step();
    random.check_answers();
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace rollcall::coordinator
