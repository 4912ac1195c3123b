"""A worker for runs of sleeps, written from docs/protocol.md and proto/wire.proto alone.

PYTHONPATH must contain wire_pb2.py, which `protoc --python_out` makes.
"""
import argparse
import collections
import heapq
import random
import secrets
import signal
import sys
import time

import wire_pb2 as wire
from link import (MAX_ROWS, VERSION, Link, Row, cancelled_in, listed_parts, report_columns, rows_of,
                  session_of, time_echo, usage)

MAX_REPORTS, NEVER, DONE, NO_COORDINATOR = 64, 2**62, 0, 4
CONNECT_TIMEOUT, LEAVE_TIMEOUT = 60 * 10**9, 2 * 10**9
Attempt = collections.namedtuple("Attempt", "place assignment task number pause job started")


class Worker:
    def __init__(self, options):
        self.options, self.status = options, None
        self.link = Link(options.access_file, options.loss)
        self.terminated = self.draining = self.leaving = False
        self.now = self.heard = time.monotonic_ns()
        self.interval = self.liveness = self.silence = CONNECT_TIMEOUT
        self.leave_by = NEVER
        signal.signal(signal.SIGTERM, lambda *_: setattr(self, "terminated", True))
        self.start_over()

    def start_over(self):
        self.secret, self.run, self.epoch = secrets.token_bytes(16), b"", 0
        self.session = session_of(self.secret)
        self.drop_run()
        self.start_handshake()

    def drop_run(self):
        self.slots = self.received = self.assigned = self.begun = self.cancelled_through = 0
        self.reports_sent = self.outcomes_sent = self.lists = 0
        self.waiting, self.running, self.due = collections.deque(), {}, []  # running: by place
        self.outcomes, self.unacknowledged = [], collections.deque()  # of (number, rows)
        self.jobs, self.cancelled = {}, set()  # headers by number; (task, attempt number)
        # Places of returned and cancelled attempts that started_count has not passed.
        self.returned = set()
        self.echo, self.must_answer, self.revoked = (0, 0), False, (0, 0)

    def start_handshake(self):
        self.nonce, self.welcomed = secrets.randbits(64), False
        self.hello_at, self.hello_pause = self.now, 100 * 10**6
        self.heartbeat_at = self.resend_at = NEVER

    def send(self, **body):
        self.link.send(self.run, self.epoch, self.session, body)

    def send_hello(self):
        if self.link.connect():
            self.start_handshake()  # a new socket gets a new nonce
        self.link.send(b"", 0, self.session, {"hello": wire.Hello(
            secret=self.secret, nonce=self.nonce, slots=self.options.slots,
            **self.link.identity(self.options.name))})
        self.hello_at = self.now + int(self.hello_pause * random.uniform(1, 1.5))
        self.hello_pause = min(2 * self.hello_pause, 5 * 10**9)

    def counts(self):
        return {"assignments_received": self.received, "started_count": self.begun,
                "draining": self.draining}

    def send_inventory(self, list_held):
        answer = wire.Inventory(nonce=self.nonce, reports_sent=self.reports_sent,
                                echo=time_echo(*self.echo), **self.counts())
        if not list_held:
            return self.send(inventory=answer)
        ended_rows = [row for _, rows in self.unacknowledged for row in rows] + self.outcomes
        names = {(row.task, row.number): row.outcome for row in ended_rows}
        rest = [(a.task, a.number if a.place not in self.returned or (a.task, a.number) in names
                 else 0) for a in self.waiting]
        begun = [name for name in names if name not in set(rest)]
        begun += [(attempt.task, attempt.number) for attempt in self.running.values()]
        self.lists += 1
        answer.begun, answer.list = len(begun), self.lists
        for part in listed_parts(answer, begun + rest):
            self.send(inventory=part)

    def heartbeat(self):
        self.send(heartbeat=wire.Heartbeat(echo=time_echo(*self.echo), **self.counts()))
        self.must_answer, self.heartbeat_at = False, self.now + self.interval

    def send_reports(self, reports):
        for number, rows in reports:
            self.send(report=wire.Report(number=number, **self.counts(), **report_columns(rows)))
        self.resend_at = self.now + 2 * self.interval if self.unacknowledged else NEVER

    def report(self):
        while self.outcomes and (len(self.unacknowledged) < MAX_REPORTS or self.leaving):
            rows, self.outcomes = self.outcomes[:MAX_ROWS], self.outcomes[MAX_ROWS:]
            self.reports_sent += 1
            self.outcomes_sent += len(rows)
            self.unacknowledged.append((self.reports_sent, rows))
            self.send_reports([self.unacknowledged[-1]])
            self.must_answer = False
        if self.must_answer:
            self.heartbeat()

    def goodbye(self):
        self.send(goodbye=wire.Goodbye(reports_sent=self.reports_sent,
                                       outcomes_sent=self.outcomes_sent, **usage()))

    def receive(self, message):
        self.now = time.monotonic_ns()  # after the message arrived, for TimeEcho and for starts
        if message.protocol != VERSION:
            return self.welcomed or self.end(NO_COORDINATOR, "unsupported protocol version")
        is_current = (message.run, message.epoch) == (self.run, self.epoch)
        kind = message.WhichOneof("body")
        body = getattr(message, kind)
        if kind == "reject":
            return self.take_reject(message, is_current)
        if message.session != self.session or (self.welcomed and not is_current):
            return
        is_old = message.run == self.run and message.epoch < self.epoch
        if (body.nonce != self.nonce or is_old) if kind == "welcome" else not self.welcomed:
            return
        self.heard = self.now
        if kind == "welcome" and message.run != self.run:
            self.drop_run()
        if message.epoch != self.epoch:  # the next coordinator may use the same numbers again
            self.cancelled_through, self.revoked = 0, (0, 0)
            self.jobs, self.cancelled = {}, set()
        self.run, self.epoch = message.run, message.epoch
        getattr(self, "take_" + kind)(body)

    def take_welcome(self, terms):
        self.welcomed, self.slots, self.interval = True, terms.slots, terms.heartbeat_interval_ns
        self.liveness, self.silence = terms.liveness_ns, max(terms.liveness_ns, terms.orphan_for_ns)
        self.echo, self.hello_at = (terms.sent_ns, self.now), NEVER
        self.acknowledged(terms.reports_committed)
        self.send_inventory(terms.list_held)
        self.send_reports(self.unacknowledged)
        self.heartbeat_at = self.now + self.interval
        if self.leaving:
            self.goodbye()

    def take_reject(self, message, is_current):
        reason = message.reject.reason
        is_lost = reason == wire.REJECT_REASON_SESSION_LOST
        is_stale = not message.session or (self.welcomed and message.run and not is_current)
        if message.session not in (self.session, b"") or (is_lost and is_stale):
            return
        self.heard = self.now
        print("rejected:", reason, message.reject.text.decode(errors="replace"), file=sys.stderr)
        if is_lost and (self.draining or self.leaving):
            self.end(DONE, "the session was lost while it was leaving")
        elif is_lost:
            self.start_over()
        elif reason == wire.REJECT_REASON_PROTOCOL_VERSION:
            self.end(NO_COORDINATOR, "rejected")
        elif reason != wire.REJECT_REASON_BAD_MESSAGE and self.welcomed:
            self.start_handshake()

    def take_assignment(self, assignment):
        rows, self.must_answer = rows_of(assignment), True
        if self.leaving or assignment.number != self.received + 1:
            return
        known = {**self.jobs, **{job.number: job for job in assignment.jobs}}
        for number in {row[3] for row in rows}:
            if number not in known or known[number].kind != wire.TASK_KIND_SLEEP:
                return self.end(NO_COORDINATOR, f"job {number} has no header or is not of sleeps")
        self.jobs = {row[3]: known[row[3]] for row in rows} or self.jobs
        self.received += 1
        for task, number, pause, job in rows:
            self.waiting.append(Attempt(self.assigned, self.received, task, number, pause,
                                        self.jobs[job], None))
            self.assigned += 1
        self.cancel(self.cancelled_through)
        self.cancel_single()
        if self.draining:
            self.return_unstarted(self.received, 0)
        self.return_unstarted(self.revoked[0], -self.revoked[1])

    def take_ack(self, ack):
        if ack.reports_committed <= self.reports_sent:
            self.echo = (ack.sent_ns, self.now)
            self.acknowledged(ack.reports_committed)

    def acknowledged(self, through):
        while self.unacknowledged and self.unacknowledged[0][0] <= through:
            self.unacknowledged.popleft()
            self.resend_at = self.now + 2 * self.interval if self.unacknowledged else NEVER

    def take_cancel(self, cancel):
        self.cancelled |= cancelled_in(cancel)
        self.cancel(max(self.cancelled_through, cancel.assignments_through))
        self.cancel_single()

    def cancel_single(self):
        for attempt in self.waiting if self.cancelled else ():
            named = (attempt.task, attempt.number) in self.cancelled
            if named and attempt.place not in self.returned:
                self.returned.add(attempt.place)
                self.ended(attempt, wire.OUTCOME_CANCELLED, self.now)
        for attempt in list(self.running.values()) if self.cancelled else ():
            if (attempt.task, attempt.number) in self.cancelled:
                del self.running[attempt.place]
                self.ended(attempt, wire.OUTCOME_CANCELLED, attempt.started)

    def cancel(self, through):
        self.cancelled_through = through
        while self.waiting and self.waiting[0].assignment <= through:
            if attempt := self.take_place():
                self.ended(attempt, wire.OUTCOME_CANCELLED, self.now)
        for attempt in [a for a in self.running.values() if a.assignment <= through]:
            del self.running[attempt.place]
            self.ended(attempt, wire.OUTCOME_CANCELLED, attempt.started)

    def take_revoke(self, revoke):
        self.must_answer = True
        # The highest number, and the lowest keep that it came with.
        self.revoked = max(self.revoked, (revoke.assignments_through, -revoke.keep))
        self.return_unstarted(revoke.assignments_through, revoke.keep)

    def take_drain(self, drain):
        if drain.mode == wire.DRAIN_MODE_RETURN:
            return self.leave_at_once()
        self.draining = self.must_answer = True
        self.return_unstarted(self.received, 0)

    def take_shutdown(self, _):
        self.goodbye()
        self.end(DONE, "the run is over")

    def ended(self, attempt, outcome, started, result=0):
        self.outcomes.append(Row(attempt.task, attempt.number, outcome, started, self.now - started,
                                 result))

    def take_place(self):
        """Takes the first waiting attempt. Returns None if it was returned or cancelled."""
        attempt, self.begun, self.must_answer = self.waiting.popleft(), self.begun + 1, True
        was_returned = attempt.place in self.returned
        self.returned.discard(attempt.place)
        return None if was_returned else attempt

    def return_unstarted(self, through, keep):
        for attempt in self.waiting:
            if attempt.assignment <= through and keep <= attempt.place not in self.returned:
                self.returned.add(attempt.place)
                self.ended(attempt, wire.OUTCOME_RETURNED, self.now)

    def start_waiting(self):
        while self.waiting and len(self.unacknowledged) < MAX_REPORTS:
            first = self.waiting[0]
            if (self.slots and first.job.needs_slot and first.place not in self.returned
                    and self.slots_taken() >= self.slots):
                return
            if attempt := self.take_place():
                self.running[attempt.place] = attempt._replace(started=self.now)
                heapq.heappush(self.due, (self.now + attempt.pause, attempt.place))

    def slots_taken(self):
        return sum(attempt.job.needs_slot for attempt in self.running.values())

    def finish_due(self):
        while self.due and self.due[0][0] <= self.now:
            if attempt := self.running.pop(heapq.heappop(self.due)[1], None):
                self.ended(attempt, wire.OUTCOME_SUCCEEDED, attempt.started, attempt.pause)

    def leave_at_once(self):
        if self.leaving or not self.run:
            return self.leaving or self.end(DONE, "terminated before it joined")
        self.leaving, self.leave_by = True, self.now + LEAVE_TIMEOUT
        self.waiting, self.running, self.due = collections.deque(), {}, []
        if self.welcomed:
            self.report()
            self.goodbye()

    def end(self, status, why):
        print("exits:", why, file=sys.stderr)
        self.status = status

    def check_timers(self):
        if self.now >= self.hello_at:
            self.send_hello()
        if self.now >= min(self.resend_at, self.heartbeat_at if self.leaving else NEVER):
            self.send_reports(self.unacknowledged)
        if self.now >= self.heartbeat_at:
            self.heartbeat()
            if self.leaving:
                self.goodbye()
        if self.now >= self.heard + self.silence:
            return self.end(NO_COORDINATOR, "the coordinator is silent")
        is_done = self.welcomed and not (self.running or self.outcomes or self.unacknowledged)
        if self.draining and is_done and not self.leaving:
            self.goodbye()
        if self.now >= self.leave_by or ((self.draining or self.leaving) and is_done):
            self.end(DONE, "left")

    def turn(self):
        wait = min(self.hello_at, self.resend_at, self.heartbeat_at, self.leave_by,
                   self.heard + self.silence, self.due[0][0] if self.due else NEVER) - self.now
        # At most 50 ms, because a signal does not end the wait.
        self.link.wait(min(50, max(0, -(-wait // 10**6))))
        before, self.now = self.now, time.monotonic_ns()
        if self.now - before > max(0, wait) + self.interval:  # this process was stopped
            self.heard = max(self.heard, self.now - self.silence + self.liveness)
        self.finish_due()
        for message in self.link.messages():
            self.receive(message)
            if self.status is not None:
                return
        if self.terminated:
            self.leave_at_once()
        if self.welcomed:
            self.start_waiting()
            self.report()
        if self.status is None:
            self.check_timers()

    def work(self):
        while self.status is None:
            self.turn()
        self.link.close()
        return self.status


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--access-file", required=True)
    for name, kind, default in ("name", str, "python"), ("slots", int, 0), ("loss", float, 0):
        parser.add_argument(f"--{name}", type=kind, default=default)
    sys.exit(Worker(parser.parse_args()).work())
