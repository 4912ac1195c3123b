// Every bound of the product: its name, its default and what happens at it. (Rule 9 of
// docs/architecture.md: no list, message, rate or wait is without one.)
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/model/time.h"

namespace rollcall::limits {

using namespace std::chrono_literals;

// Tasks.

/// Tasks of one run. Above: a usage error. Each costs the coordinator about 40 bytes.
inline constexpr std::uint64_t task_count = 1'000'000'000;
/// Longest pause or duration option. Above: a usage error.
inline constexpr Duration longest_duration = 24h * 366;
/// Attempts in one Assignment. More go into the next one.
inline constexpr std::size_t assignment_attempts = 8'192;
/// Assignments of one session that are not acknowledged. At it: nothing more is sent to that
/// session.
inline constexpr std::size_t assignments_in_flight = 4;
/// Attempts sent ahead of a worker's slots, at most, whatever the measured rate asks for.
inline constexpr std::uint32_t prefetch = 65'536;
/// Attempts in one part of an Inventory. More go into the next one.
inline constexpr std::size_t inventory_attempts = 262'144;
/// How much work a worker should hold ahead of its slots when --prefetch is not given.
inline constexpr Duration prefetch_time = 10ms;

/// Seeds are below this, so that a JSON reader that has only doubles reads them exactly.
inline constexpr std::uint64_t seed = std::uint64_t{1} << 53U;
/// Local workers when --workers is not given: the processors, but not less and not more than these.
inline constexpr std::uint32_t local_workers_least = 2;
inline constexpr std::uint32_t local_workers_most = 8;

// Reports.

/// Outcomes in one Report. More go into the next one.
inline constexpr std::size_t report_outcomes = 8'192;
/// Reports that are not acknowledged. At it outcomes wait in the worker, which starts
/// nothing new once they fill a Report.
inline constexpr std::size_t reports_in_flight = 64;

/// Attempts that a session may list beside one for each task: those that have ended, are not
/// acknowledged, and were followed by another attempt. More: the session is lost.
inline constexpr std::size_t inventory_ended = (reports_in_flight + 1) * report_outcomes;

// Messages.

/// Bytes of one message. Longer ones are refused by the socket, and the connection is closed.
inline constexpr std::size_t message_bytes = 16U << 20U;
/// Bytes of a host or worker name in a Hello. Longer ones are cut.
inline constexpr std::size_t name_bytes = 255;
/// Messages taken from the socket before timers and signals get their turn.
inline constexpr std::size_t messages_per_turn = 256;
/// Sessions of one run, lost ones included. At it: a Hello of a new one is not answered.
inline constexpr std::size_t sessions = 1'000'000;
/// Connections waiting in the kernel for the coordinator to accept them.
inline constexpr int backlog = 4'096;

// Waits.

inline constexpr Duration heartbeat_interval = 1s;
/// Silence after which a session is lost; at least liveness_intervals heartbeats.
inline constexpr Duration liveness = 10s;
inline constexpr int liveness_intervals = 3;
/// A message that needs an answer is sent again after this many heartbeat intervals.
inline constexpr int resend_intervals = 2;
/// First and longest pause between two Hellos; each is twice the last, with up to a half of jitter.
inline constexpr Duration hello_retry_first = 100ms;
inline constexpr Duration hello_retry_longest = 5s;
inline constexpr Duration join_timeout = 30s;
inline constexpr Duration connect_timeout = 60s;
/// Time for Goodbyes at the end of a run; then local workers are killed and the rest is left.
inline constexpr Duration shutdown = 2s;
/// Time that a ZeroMQ socket may go on sending after it was closed.
inline constexpr Duration linger = 1s;
/// Time for the handshake of a connection. Slower: closed.
inline constexpr Duration handshake = 5s;

/// Pause between two looks at an access file that is not there yet.
inline constexpr Duration access_retry = 50ms;
/// How a worker finds a dead connection (not a hung program): ZMTP's own heartbeat, answered by
/// ZeroMQ's thread. How often, and how long to wait for the answer.
inline constexpr Duration ping_interval = 1s;
inline constexpr Duration ping_timeout = 3s;
/// How the coordinator does: TCP keep-alive. The silence before the first probe, and how many, each
/// after a ping_interval.
inline constexpr Duration keepalive_idle = 5s;
inline constexpr int keepalive_probes = 3;
/// First and longest pause between two tries to connect; each is twice the last.
inline constexpr Duration reconnect_first = 100ms;
inline constexpr Duration reconnect_longest = 5s;

// Losses.

/// Sessions that a task may cost before it is lost. --max-losses.
inline constexpr std::uint32_t max_losses = 5;
/// Starts of one local worker in a row without a completed task. --worker-restarts.
inline constexpr std::uint32_t worker_restarts = 5;
/// First and longest pause before a local worker that has ended without having joined is started
/// again; each is twice the last.
inline constexpr Duration restart_first = 100ms;
inline constexpr Duration restart_longest = 10s;
/// Attempts in a row that a session fails to start before it is set aside.
inline constexpr std::uint32_t failed_starts = 3;

// Clocks.

/// How far two clocks may drift apart, in parts per million.
inline constexpr std::int64_t clock_drift_ppm = 200;

// System.

/// Never asks for more descriptors: some programs that inherit the limit close every one below it.
inline constexpr std::uint64_t descriptors = 1U << 20U;
/// Bytes of an access document. A longer one is none.
inline constexpr std::size_t access_bytes = 64U << 10U;

// Health checks over HTTP (--http).

/// Bytes of a request line and its header fields. Longer ones are answered with 400 and closed.
inline constexpr std::uint32_t http_header_bytes = 8U << 10U;
/// Time for a request and its answer. Slower: closed.
inline constexpr Duration http_request = 5s;
/// Connections at once. At it: the oldest is closed for the new one.
inline constexpr int http_connections = 32;
/// Pause after a connection could not be accepted.
inline constexpr Duration http_accept_retry = 100ms;

// Output.

/// A reader of standard output may be this many bytes behind; then the program waits for it.
inline constexpr std::size_t output_backlog = 64U << 20U;
/// How long await lines wait for those that belong before them.
inline constexpr Duration hold_starts = 100ms;

/// Lines for each task are left out above this many tasks, unless asked for.
inline constexpr std::uint64_t task_lines = 10'000;
/// Tasks named by one failed check of the validation; the rest is counted.
inline constexpr std::size_t named_tasks = 10;

// Batches: when messages wait for each other.

/// A worker is busy when more outcomes than these come within that time and at least so many
/// attempts still run. Only then outcomes wait for others, to be reported with them.
inline constexpr std::size_t busy_outcomes = 250;
inline constexpr Duration busy_window = 100ms;
inline constexpr std::size_t busy_running = 2'000;
inline constexpr Duration report_wait = 2ms;
/// The same for commands, which are fewer: they wait if so many have ended in that window, and as
/// many are at hand as there are slots, so that none is idle meanwhile.
inline constexpr std::size_t busy_commands = 20;
inline constexpr Duration command_report_wait = 4ms;
/// When more reports than these come within this time, Acks may wait for each other for as long;
/// but none for more than reports_per_ack reports, which is well below reports_in_flight.
inline constexpr std::size_t busy_reports = 4;
inline constexpr Duration ack_wait = 10ms;
inline constexpr std::uint64_t reports_per_ack = 16;

// Commands.

/// Commands of one worker at a time, whatever its slots and descriptors. --slots is lowered to it.
inline constexpr std::uint32_t commands = 16'384;
/// Bytes and number of a command's arguments and variables. Above: it is not started (E2BIG).
inline constexpr std::size_t command_bytes = 8U << 20U;
inline constexpr std::size_t command_strings = 1U << 20U;
/// Guardians of one worker: one for each processor and slot, and not more than these. Each starts
/// one command at a time.
inline constexpr std::uint32_t guardians = 4;
/// Commands handed to the guardians that have not started yet. More wait in the worker.
inline constexpr std::uint32_t spawns_in_flight = 16;
/// Of those, how many are handed over before there is a slot for them.
inline constexpr std::uint32_t spawns_ahead = 2;
/// How often the start of one command waits for another to end, as the system has no more
/// processes. After that, others are to run it.
inline constexpr std::uint32_t start_tries = 100;
/// Process groups of ended commands that may take their time to end; each guardian has its share.
/// More are killed at once.
inline constexpr std::ptrdiff_t groups_left = 256;
/// Those of them whose output stays open, unread, so that they can tidy up. Of more, the oldest
/// ones get SIGPIPE when they write.
inline constexpr std::size_t outputs_left_open = 16;
/// Bytes of each stream of a command that can be kept. --max-output.
inline constexpr std::uint64_t max_output = 6U << 20U;
/// The same without --max-output.
inline constexpr std::uint64_t max_output_default = 1U << 20U;
/// Time from SIGTERM to SIGKILL without --kill-after.
inline constexpr Duration kill_after = 5s;
/// Bytes of all commands of one Assignment, about: fewer go into it then.
inline constexpr std::size_t assignment_bytes = 4U << 20U;
/// Bytes of output in one Report, about: the next outcome goes into the next one.
inline constexpr std::size_t report_bytes = 1U << 20U;
/// First and longest pause before a task that has failed is tried again; each is twice the last.
inline constexpr Duration retry_first = 100ms;
inline constexpr Duration retry_longest = 1min;
/// Bytes of one line of the input: what the system takes as one argument. Above: a usage error.
inline constexpr std::size_t input_line_bytes = 131'071;
/// Output of ended tasks held in memory for --keep-order. What is more waits in a temporary file.
inline constexpr std::size_t held_output_bytes = 64U << 20U;
/// Output of several tasks that is printed in one go.
inline constexpr std::size_t printed_bytes = 4U << 20U;
/// Descriptors that each running command needs, and those that all else needs; with a low limit
/// the slots are lowered.
inline constexpr std::uint64_t command_descriptors = 3;
inline constexpr std::uint64_t reserved_descriptors = 64;
/// A command that has run this long has its output read while it runs; others at their end.
inline constexpr Duration read_output_after = 5ms;
/// Bytes still read from each stream of a command that has ended; a pipe does not hold more.
inline constexpr std::size_t output_left = 1U << 20U;
/// How long the end of a worker waits until its guardians have ended all descendants.
inline constexpr Duration guardian_end = 1s;

}  // namespace rollcall::limits
