// Every limit of the product: its name, its default, and what happens when it is reached. Rule 9 of
// docs/architecture.md: every list, message, rate and wait has a limit.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "common/model/time.h"

namespace rollcall::limits {

using namespace std::chrono_literals;

// Tasks.

/// Tasks in one run; more are a usage error. Each task takes about 40 bytes in the coordinator.
inline constexpr std::uint64_t task_count = 1'000'000'000;
/// Longest sleep duration, and longest value of a duration option; more is a usage error.
inline constexpr Duration longest_duration = 24h * 366;
/// Attempts in one Assignment; the next one carries the rest.
inline constexpr std::size_t assignment_attempts = 8'192;
/// Attempts that one Cancel names; the next one carries the rest.
inline constexpr std::size_t cancel_attempts = 8'192;
/// Unacknowledged Assignments of one session. At the limit, the session gets no more until one is
/// acknowledged.
inline constexpr std::size_t assignments_in_flight = 4;
/// Attempts sent to a worker beyond its slots, whatever the measured rate.
inline constexpr std::uint32_t prefetch = 65'536;
/// Attempts in one part of an Inventory; the next part carries the rest.
inline constexpr std::size_t inventory_attempts = 262'144;
/// Work that a worker holds beyond its slots if --prefetch is not given.
inline constexpr Duration prefetch_time = 10ms;

/// Seeds are below this value, so that a JSON reader with only doubles reads them exactly.
inline constexpr std::uint64_t seed = std::uint64_t{1} << 53U;
/// Local workers if --workers is not given: the number of processors, within these bounds.
inline constexpr std::uint32_t local_workers_least = 2;
inline constexpr std::uint32_t local_workers_most = 8;

// Reports.

/// Outcomes in one Report; the next one carries the rest.
inline constexpr std::size_t report_outcomes = 8'192;
/// Unacknowledged Reports. At the limit, outcomes wait in the worker, which starts no more attempts
/// once the waiting outcomes fill a Report.
inline constexpr std::size_t reports_in_flight = 64;

/// Attempts that a session may list besides one for each task: attempts that ended, are not
/// acknowledged, and were followed by another attempt. A session that lists more is lost.
inline constexpr std::size_t inventory_ended = (reports_in_flight + 1) * report_outcomes;

// Messages.

/// Bytes of one message. A longer one is refused; one twice as long closes its connection.
inline constexpr std::size_t message_bytes = 16U << 20U;
/// Bytes of the body of a message without rows: all but Report, Inventory, Assignment, Cancel,
/// Output and OutputAck. A longer one is refused.
inline constexpr std::size_t short_message_bytes = 64U << 10U;
/// Bytes of a host or worker name in a Hello; longer names are truncated.
inline constexpr std::size_t name_bytes = 255;
/// Messages read from the socket before timers and signals are handled.
inline constexpr std::size_t messages_per_turn = 256;
/// Bytes of messages received before the event loop ends its turn and prints their results.
inline constexpr std::size_t bytes_per_turn = 4U << 20U;
/// Messages that wait to be sent to one peer. At the limit the coordinator drops what it would
/// send; what matters is sent again.
inline constexpr int peer_outbox = 1'000;
/// Messages for another epoch or connection that a peer may send before the log mentions it: they
/// are usual after a reconnection. A power of ten.
inline constexpr std::uint64_t usual_refusals = 100;
/// How long the coordinator waits at its end for the processes in its workers' control groups.
inline constexpr Duration group_end = 1s;
/// Refused messages of a connection after which nothing that arrives on it is read.
inline constexpr std::uint64_t refusals = 1'000;
/// Lines about peers that are counted; all others count as one.
inline constexpr std::size_t repeated_lines = 1'000;
/// Sessions of one run, including lost ones. At the limit, the Hello of a new session is ignored.
inline constexpr std::size_t sessions = 1'000'000;
/// Connections that wait in the kernel until the coordinator accepts them.
inline constexpr int backlog = 4'096;

// Liveness, joining and connections.

/// Time between two heartbeats of a worker. --heartbeat-interval.
inline constexpr Duration heartbeat_interval = 1s;
/// Silence after which a session is lost, at least liveness_intervals heartbeat intervals.
inline constexpr Duration liveness = 10s;
inline constexpr int liveness_intervals = 3;
/// An unanswered message is sent again after this many heartbeat intervals.
inline constexpr int resend_intervals = 2;
/// First and longest delay between two Hellos. The delay doubles each time; jitter adds up to half.
inline constexpr Duration hello_retry_first = 100ms;
inline constexpr Duration hello_retry_longest = 5s;
/// Time without a connected worker after which the run fails. --join-timeout.
inline constexpr Duration join_timeout = 30s;
/// Time in which a worker must reach its coordinator. --connect-timeout.
inline constexpr Duration connect_timeout = 60s;
/// Silence of the coordinator for which a worker tries to join again. --rejoin-for.
inline constexpr Duration rejoin_for = 1min;
/// Time that the coordinator waits for Goodbyes at the end of a run. Then it kills its local
/// workers and ignores the others.
inline constexpr Duration shutdown = 2s;
/// Time for which a closed ZeroMQ socket still sends its queue.
inline constexpr Duration linger = 1s;
/// A worker that cannot connect logs the same cause at most this often.
inline constexpr Duration unreachable_lines = 30s;
/// It looks for the cause at most this often.
inline constexpr Duration unreachable_probe = 5s;
/// Time for the handshake of a connection; a slower connection is closed.
inline constexpr Duration handshake = 5s;

/// Delay between two attempts to read an access file that does not exist yet.
inline constexpr Duration access_retry = 50ms;
/// ZMTP heartbeats of a worker: interval and timeout. They detect a dead connection, not a hung
/// program, because ZeroMQ's thread answers them.
inline constexpr Duration ping_interval = 1s;
inline constexpr Duration ping_timeout = 3s;
/// TCP keep-alive of the coordinator: the silence before the first probe, and the number of probes,
/// ping_interval apart.
inline constexpr Duration keepalive_idle = 5s;
inline constexpr int keepalive_probes = 3;
/// How long a worker may take to connect again after its connection was closed: a third of the
/// liveness time, but not more than this, and at least liveness_intervals. For a connection that
/// was silent for silent_connection, only the liveness time counts: the network may have closed it.
inline constexpr Duration reconnect_most = 10s;
inline constexpr int reconnects_in_liveness = 3;
inline constexpr Duration silent_connection = ping_timeout;
/// First and longest delay between two tries to connect. The delay doubles each time.
inline constexpr Duration reconnect_first = 100ms;
inline constexpr Duration reconnect_longest = 5s;

// Losses.

/// Sessions lost while they ran a task before the task is lost. --max-losses.
inline constexpr std::uint32_t max_losses = 5;
/// Consecutive starts of one local worker without a completed task. --worker-restarts.
inline constexpr std::uint32_t worker_restarts = 5;
/// First and longest delay before a local worker that exited without joining is restarted. The
/// delay doubles each time.
inline constexpr Duration restart_first = 100ms;
inline constexpr Duration restart_longest = 10s;
/// Consecutive attempts that a session fails to start before it is quarantined.
inline constexpr std::uint32_t failed_starts = 3;

// Clocks.

/// Largest drift between two clocks, in parts per million.
inline constexpr std::int64_t clock_drift_ppm = 200;

// Operating system.

/// Highest limit of open files that is requested. Some programs that inherit the limit close every
/// descriptor below it.
inline constexpr std::uint64_t descriptors = 1U << 20U;
/// Smallest stack (ulimit -s) with which a program starts. The threads of ZeroMQ get the same.
inline constexpr std::uint64_t stack_bytes = 256U << 10U;
/// Threads of a coordinator and of a worker, without which none starts: those of ZeroMQ, of its
/// authentication, of the journal, of the input, of the output, of its spool and of the log; at a
/// worker, the one that resolves names.
inline constexpr std::size_t coordinator_threads = 8;
inline constexpr std::size_t worker_threads = 3;
/// Bytes of an access document; a longer one is invalid.
inline constexpr std::size_t access_bytes = 64U << 10U;

// Health checks over HTTP (--http).

/// Bytes of a request line with its header fields; a longer one is answered with 400.
inline constexpr std::uint32_t http_header_bytes = 8U << 10U;
/// Time for a request and its response; a slower connection is closed.
inline constexpr Duration http_request = 5s;
/// Open connections. At the limit, a new connection replaces the oldest one.
inline constexpr int http_connections = 32;
/// Delay after accept() has failed.
inline constexpr Duration http_accept_retry = 100ms;

// Output.

/// Bytes of each output stream that wait in memory for a slow reader. A temporary file holds the
/// rest.
inline constexpr std::size_t output_in_memory = 16U << 20U;
/// Bytes of output in memory, because no temporary file can hold them or it is too slow. At the
/// limit, no more reports are accepted: workers send them again, and start nothing more when they
/// hold reports_in_flight of them.
inline constexpr std::size_t output_backlog = 64U << 20U;
/// Time that the await lines wait for earlier start lines.
inline constexpr Duration hold_starts = 100ms;

/// Tasks up to which each task has its own lines by default.
inline constexpr std::uint64_t task_lines = 10'000;
/// Tasks named by one failed validation check; the rest are counted.
inline constexpr std::size_t named_tasks = 10;

// Batching: when outcomes and Acks wait to be sent together.

/// A worker is busy if it had more than busy_outcomes outcomes within busy_window and at least
/// busy_running attempts still run. A busy worker delays its outcomes by report_wait, to report
/// several together.
inline constexpr std::size_t busy_outcomes = 250;
inline constexpr Duration busy_window = 100ms;
inline constexpr std::size_t busy_running = 2'000;
inline constexpr Duration report_wait = 2ms;
/// The same for commands, which are fewer: their outcomes wait if this many have ended within
/// busy_window and the worker holds enough attempts to fill its slots, so that no slot idles.
inline constexpr std::size_t busy_commands = 20;
inline constexpr Duration command_report_wait = 4ms;
/// If more than busy_reports reports arrive within ack_wait, an Ack may be delayed by ack_wait, but
/// by no more than reports_per_ack reports (well below reports_in_flight).
inline constexpr std::size_t busy_reports = 4;
inline constexpr Duration ack_wait = 10ms;
inline constexpr std::uint64_t reports_per_ack = 16;

// Commands.

/// Commands that one worker runs at a time; more slots are reduced to this number.
inline constexpr std::uint32_t commands = 16'384;
/// Bytes and number of a command's arguments and variables; a larger command is not started
/// (E2BIG).
inline constexpr std::size_t command_bytes = 8U << 20U;
inline constexpr std::size_t command_strings = 1U << 20U;
/// Guardian processes of one worker: one for each processor and slot, up to this number. Each
/// starts one command at a time.
inline constexpr std::uint32_t guardians = 4;
/// Commands sent to the guardians that have not started yet; more wait in the worker.
inline constexpr std::uint32_t spawns_in_flight = 16;
/// Of these, the commands sent before a slot is free.
inline constexpr std::uint32_t spawns_ahead = 2;
/// Tries to start one command while the system has no free process. Then the attempt is reported as
/// not started, and another worker runs the task.
inline constexpr std::uint32_t start_tries = 100;
/// Process groups of ended commands that may still run, shared evenly by the guardians. Further
/// groups are killed immediately.
inline constexpr std::ptrdiff_t groups_left = 256;
/// Processes of a command whose memory is measured for --max-memory; the others are not counted.
inline constexpr std::size_t processes_measured = 4096;
/// The memory of a command with --max-memory is measured again after this time at most.
inline constexpr Duration memory_check_longest = 100ms;
/// Not earlier than this, although the command may already exceed its limit.
inline constexpr Duration memory_check_shortest = 5ms;
/// How fast a command may be expected to take memory: 8 GB each second.
inline constexpr std::uint64_t memory_bytes_per_ns = 8;
/// The least --max-memory.
inline constexpr std::uint64_t least_memory = 1U << 20U;
/// Of these, the groups whose output stays open, unread, so that they can clean up. The oldest of
/// any more get SIGPIPE when they write.
inline constexpr std::size_t outputs_left_open = 16;
/// Bytes of each output stream of a command that travel in a Report. More travel while it runs, if
/// the coordinator takes them.
inline constexpr std::uint64_t max_output = 6U << 20U;
/// Time from SIGTERM to SIGKILL if --kill-after is not given.
inline constexpr Duration kill_after = 5s;
/// The greatest niceness of a process. --nice.
inline constexpr std::uint32_t nicest = 19;
/// Approximate bytes of all commands in one Assignment; the next one carries the rest.
inline constexpr std::size_t assignment_bytes = 4U << 20U;
/// Approximate bytes of output in one Report; the next one carries the rest.
inline constexpr std::size_t report_bytes = 1U << 20U;
/// First and longest delay before a failed task is retried. The delay doubles each time.
inline constexpr Duration retry_first = 100ms;
inline constexpr Duration retry_longest = 1min;
/// Bytes of one input line, the longest argument that the system accepts; more is a usage error.
inline constexpr std::size_t input_line_bytes = 131'071;
/// Bytes of the arguments of a command that is made from several lines, as xargs has it; and the
/// most that --max-chars may permit.
inline constexpr std::size_t command_chars = 128U << 10U;
inline constexpr std::size_t command_chars_most = 1U << 20U;
/// Bytes of a block that a command gets on its standard input, if --block is not given; and the
/// most that it or a single record may have, so that the command fits into a message.
inline constexpr std::size_t block_bytes = 1U << 20U;
inline constexpr std::size_t block_bytes_most = 7U << 20U;
/// Inputs of which each combination is a task; more is a usage error.
inline constexpr std::size_t input_sources = 64;
/// Bytes of input lines or blocks that are held in memory; a temporary file holds the rest.
inline constexpr std::size_t lines_in_memory = 32U << 20U;
/// Bytes of input read at once, and such chunks that wait for the event loop. At the limit, the
/// input is not read.
inline constexpr std::size_t input_chunk = 64U << 10U;
inline constexpr std::size_t input_chunks = 4;
/// A file up to this size is read before the run. Larger files, and sources that are not files, are
/// read during the run.
inline constexpr std::uint64_t input_before_run = 64U << 20U;
/// Tasks without an outcome, and bytes of their lines, above which no more input is read. Not with
/// a journal, which takes all lines: there, tasks that are not committed, and their bytes.
inline constexpr std::uint64_t read_ahead_tasks = 1'000'000;
inline constexpr std::uint64_t read_ahead_bytes = 256U << 20U;
inline constexpr std::uint64_t uncommitted_tasks = 1U << 16U;
inline constexpr std::uint64_t uncommitted_bytes = 32U << 20U;
/// Output of ended tasks that --keep-order holds in memory; a temporary file holds the rest.
inline constexpr std::size_t held_output_bytes = 64U << 20U;
/// Bytes of output of several tasks printed by one write.
inline constexpr std::size_t printed_bytes = 4U << 20U;
/// Descriptors that each running command needs, and those that the rest of the worker needs. A low
/// limit of open files reduces the slots.
inline constexpr std::uint64_t command_descriptors = 3;
inline constexpr std::uint64_t reserved_descriptors = 64;
/// Running time after which a command's output is read while it runs; before, it is read at the
/// end.
inline constexpr Duration read_output_after = 5ms;
/// Bytes still read from each stream of a command that has ended; a pipe holds no more.
inline constexpr std::size_t output_left = 1U << 20U;
// Output in chunks (feature 1).

/// Rows of one Output or OutputAck, and bytes of one Output; the next one carries the rest.
inline constexpr std::size_t output_rows = 8'192;
inline constexpr std::size_t output_bytes = 256U << 10U;
/// What a row takes of a window besides its bytes.
inline constexpr std::uint64_t output_row_cost = 64;
/// Bytes of one attempt that were not sent and travel with its outcome. Above this the worker sends
/// output, whether or not the command has ended.
inline constexpr std::uint64_t output_tail = 64U << 10U;
/// Bytes of one row.
inline constexpr std::uint64_t output_row_bytes = 64U << 10U;
/// How long the output of a running command waits for more before it is sent.
inline constexpr Duration output_wait = 100ms;
/// Bytes of a stream that are read and not sent. At the limit, the pipe is not read, and the
/// command blocks when it is full. The next read may exceed it.
inline constexpr std::uint64_t output_read_ahead = 64U << 10U;
/// Bytes sent by one worker and not durable yet. At the limit it sends no new ones. The bytes of
/// one attempt to which the window is restricted do not wait for this.
inline constexpr std::uint64_t output_undurable = 16U << 20U;
/// Bytes of one stream; more is malformed.
inline constexpr std::uint64_t stream_bytes = std::uint64_t{1} << 53U;

// Guardians.

/// Time that an exiting worker waits until its guardians have ended all descendants.
inline constexpr Duration guardian_end = 1s;
/// Time between two checks whether a guardian is stopped, and the checks in a row in which one is
/// before all of them are killed, with the commands that they run.
inline constexpr Duration guardian_check = 500ms;
inline constexpr int guardian_stopped_checks = 4;
/// Losses of all running attempts, with no attempt ended between them, after which a worker exits.
inline constexpr std::uint32_t executor_failures = 10;

}  // namespace rollcall::limits
