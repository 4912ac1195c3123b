#include "coordinator/core/sessions/admission.h"

#include <gtest/gtest.h>

namespace rollcall::coordinator {
namespace {

using namespace std::chrono_literals;

Hello hello_with(std::uint32_t slots, std::uint32_t processors, std::uint32_t command_slots) {
  Hello hello;
  hello.secret.bytes.fill(7);
  hello.name = "w1";
  hello.host = "host";
  hello.pid = 42;
  hello.launch_id = 3;
  hello.slots = slots;
  hello.processors = processors;
  hello.command_slots = command_slots;
  hello.kinds = all_kinds();
  return hello;
}

RunSpec spec_of(KindId kind) {
  RunSpec spec;
  spec.kind = kind;
  spec.traits = traits_of(kind);
  return spec;
}

TEST(Admission, OnlyAWorkerWithoutCommandSlotsIsRefusedCommands) {
  const RunSpec sleeps = spec_of(KindId::sleep);
  const RunSpec commands = spec_of(KindId::exec);
  EXPECT_FALSE(refusal(hello_with(0, 2, 0), sleeps, {}));
  EXPECT_FALSE(refusal(hello_with(0, 2, 1), commands, {}));
  const auto refused = refusal(hello_with(0, 2, 0), commands, {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, RejectReason::refused);
}

TEST(Admission, AWorkerThatDoesNotKnowNicenessIsRefusedOnlyIfItIsNeeded) {
  const RunSpec commands = spec_of(KindId::exec);
  Policy policy;
  policy.nice = 5;
  Hello hello = hello_with(0, 2, 1);
  EXPECT_FALSE(refusal(hello, commands, {}));
  const auto refused = refusal(hello, commands, policy);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, RejectReason::refused);
  EXPECT_NE(refused->text.find("--nice"), std::string::npos);
  hello.features.set(kNiceness);
  EXPECT_FALSE(refusal(hello, commands, policy));
}

TEST(Admission, AWorkerThatCannotLimitMemoryIsRefusedOnlyIfItIsNeeded) {
  const RunSpec commands = spec_of(KindId::exec);
  Policy policy;
  policy.max_memory = 1U << 20U;
  Hello hello = hello_with(0, 2, 1);
  EXPECT_FALSE(refusal(hello, commands, {}));
  const auto refused = refusal(hello, commands, policy);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, RejectReason::refused);
  EXPECT_NE(refused->text.find("--max-memory"), std::string::npos);
  hello.features.set(kMemoryLimit);
  EXPECT_FALSE(refusal(hello, commands, policy));
}

TEST(Admission, AWorkerThatCannotRunTheKindIsRefused) {
  Hello hello = hello_with(0, 2, 1);
  hello.kinds = set_of(KindId::sleep);
  EXPECT_FALSE(refusal(hello, spec_of(KindId::sleep), {}));
  const auto refused = refusal(hello, spec_of(KindId::exec), {});
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->reason, RejectReason::refused);
  EXPECT_EQ(refused->text, "the worker cannot run tasks of kind exec");
}

TEST(Admission, SleepsGetTheSlotsThatTheWorkerOffers) {
  EXPECT_EQ(slots_for(hello_with(5, 2, 1), traits_of(KindId::sleep)), 5U);
  EXPECT_EQ(slots_for(hello_with(0, 2, 1), traits_of(KindId::sleep)), 0U);
}

TEST(Admission, CommandsGetTheProcessorsUnlessTheWorkerOffersSlotsWithinItsLimit) {
  const KindTraits commands = traits_of(KindId::exec);
  EXPECT_EQ(slots_for(hello_with(0, 2, 100), commands), 2U);
  EXPECT_EQ(slots_for(hello_with(0, 0, 100), commands), 1U);
  EXPECT_EQ(slots_for(hello_with(7, 2, 100), commands), 7U);
  EXPECT_EQ(slots_for(hello_with(7, 2, 5), commands), 5U);
}

TEST(Admission, ARecordHasWhatTheWorkerStatedAboutItself) {
  const Hello hello = hello_with(7, 2, 5);
  const SessionRecord record = record_of(hello, 5, Instant(1s));
  EXPECT_EQ(record.id, session_of(hello.secret));
  EXPECT_EQ(record.name, "w1");
  EXPECT_EQ(record.host, "host");
  EXPECT_EQ(record.pid, 42U);
  EXPECT_EQ(record.slots, 5U);
  EXPECT_TRUE(record.is_local);
  EXPECT_EQ(record.welcomed, Instant(1s));
}

TEST(Admission, TheTermsAreThoseOfTheRun) {
  Policy policy;
  policy.heartbeat_interval = 1s;
  policy.liveness = 3s;
  policy.orphan_for = 60s;
  Session session;
  session.nonce = 9;
  session.slots = 4;
  const Welcome welcome = terms_of(policy, session, Instant(5s));
  EXPECT_EQ(welcome.nonce, 9U);
  EXPECT_EQ(welcome.sent, Instant(5s));
  EXPECT_EQ(welcome.slots, 4U);
  EXPECT_EQ(welcome.heartbeat_interval, 1s);
  EXPECT_EQ(welcome.liveness, 3s);
  EXPECT_EQ(welcome.orphan_for, 60s);
}

TEST(Admission, TheJobHasTheTermsOfItsTasks) {
  Policy policy;
  policy.max_output = 100;
  policy.kill_after = 2s;
  policy.nice = 7;
  policy.max_memory = 1U << 20U;
  Session session;
  session.slots = 4;
  const Job commands = job_of(spec_of(KindId::exec), policy, session);
  EXPECT_EQ(commands,
            (Job{kFirstJob, KindId::exec, /*needs_slot=*/true, 2s, 100, {}, {}, {}, 7, 1U << 20U}));
}

TEST(Admission, SleepsTakeSlotsOnlyIfThereIsALimit) {
  Session session;
  EXPECT_FALSE(job_of(spec_of(KindId::sleep), {}, session).needs_slot);
  session.slots = 4;
  EXPECT_TRUE(job_of(spec_of(KindId::sleep), {}, session).needs_slot);
}

}  // namespace
}  // namespace rollcall::coordinator
