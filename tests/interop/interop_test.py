"""Runs the worker of worker.py with the real coordinator: python.sh interop_test.py PROGRAMS."""
import itertools
import json
import os
import signal
import subprocess
import sys
import shutil
import tempfile
import time
import unittest

import zmq
import wire_pb2 as wire
from link import Link, column, session_of

PROGRAMS = os.path.abspath(sys.argv.pop(1))
WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
SLEEPS = wire.Job(number=1, kind=wire.TASK_KIND_SLEEP, needs_slot=True)
PATIENCE = 60  # seconds to wait for a condition, even on a busy machine


def eventually(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("a condition did not come true")
        time.sleep(0.02)


class Runs(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.mkdtemp(prefix="rollcall-interop-")
        if len(self.directory) > 90:  # the path of a Unix socket must be short
            os.rmdir(self.directory)
            self.directory = tempfile.mkdtemp(prefix="rollcall-interop-", dir="/tmp")
        os.environ["XDG_RUNTIME_DIR"] = self.directory
        self.access = os.path.join(self.directory, "run.access")
        self.control = os.path.join(self.directory, "control")
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        shutil.rmtree(self.directory)

    def start(self, command, **streams):
        self.started.append(subprocess.Popen(command, text=True, **streams))
        return self.started[-1]

    def run_sleeps(self, *arguments, workers=0):
        return self.start([os.path.join(PROGRAMS, "rollcall"), "sleep", "--output", "jsonl",
                           "--access-file", self.access, "--workers", str(workers),
                           "--control", self.control, "--heartbeat-interval", "100ms",
                           "--liveness", "10s", "--quiet", *arguments], stdout=subprocess.PIPE)

    def join(self, *arguments):
        return self.start([sys.executable, WORKER, "--access-file", self.access, *arguments])

    def command(self, *arguments):
        done = subprocess.run([os.path.join(PROGRAMS, "rollcall"), *arguments, "--control",
                               self.control], capture_output=True, text=True, check=False)
        return done.stdout if done.returncode == 0 else ""

    def workers(self):
        """The connected workers; None if the run does not answer yet."""
        status = self.command("status", "--output", "json")
        return json.loads(status)["workers"] if status else None

    def wait_until_busy(self, name):
        eventually(lambda: any(w["name"] == name and w["done"] + w["running"] > 0
                               for w in self.workers() or []))

    def finish(self, run, status=0):
        """Waits for the end of the run. Returns its document."""
        lines, _ = run.communicate(timeout=5 * PATIENCE)
        self.assertEqual(run.returncode, status)
        return json.loads(lines.splitlines()[-1])

    def expect_success(self, worker):
        self.assertEqual(worker.wait(PATIENCE), 0)

    def test_single_worker(self):
        worker = self.join()
        document = self.finish(self.run_sleeps("-n", "300", "--pause-min", "0s",
                                               "--pause-max", "1s"))
        self.assertTrue(document["validated"])
        self.expect_success(worker)

    def test_with_rollcall_workers(self):
        worker = self.join("--slots", "20")
        document = self.finish(self.run_sleeps("-n", "300", "--pause", "100ms", "--slots", "10",
                                               "--wait-for-workers", "3", workers=2))
        self.assertTrue(document["validated"])
        self.assertEqual(len(document["workers"]), 3)
        self.expect_success(worker)

    def test_with_lost_messages(self):
        workers = [self.join("--loss", "0.2", "--slots", "10"), self.join("--loss", "0.2")]
        document = self.finish(self.run_sleeps("-n", "300", "--pause", "20ms",
                                               "--wait-for-workers", "2"))
        self.assertTrue(document["validated"])
        del workers  # does not wait for them: the Shutdown may be lost

    def test_many_empty_tasks(self):
        worker = self.join()
        document = self.finish(self.run_sleeps("-n", "100000", "--pause", "0"))
        self.assertTrue(document["validated"])
        self.expect_success(worker)

    def test_cancel(self):
        worker = self.join("--slots", "5")
        document = self.finish(self.run_sleeps("-n", "50", "--pause", "30s",
                                               "--collection-method", "wait",
                                               "--wait-timeout", "300ms"),
                               status=5)
        self.assertEqual(document["outcomes"]["cancelled"], 50)
        self.expect_success(worker)

    def test_drain(self):
        for mode in "finish", "return":
            with self.subTest(mode):
                leaving = self.join("--name", "leaving", "--slots", "2")
                run = self.run_sleeps("-n", "20", "--pause", "1s")
                self.wait_until_busy("leaving")
                self.assertIn("leaving", self.command("drain", "leaving", "--drain", mode))
                self.expect_success(leaving)
                staying = self.join("--slots", "20")
                self.assertTrue(self.finish(run)["validated"])
                self.expect_success(staying)

    def test_sigterm(self):
        leaving = self.join("--name", "leaving", "--slots", "2")
        run = self.run_sleeps("-n", "20", "--pause", "1s")
        self.wait_until_busy("leaving")
        leaving.send_signal(signal.SIGTERM)
        self.expect_success(leaving)
        staying = self.join("--slots", "20")
        self.assertTrue(self.finish(run)["validated"])
        self.expect_success(staying)

    def test_revoke(self):
        """Waiting attempts are revoked for a worker that joins later."""
        first = self.join("--name", "first", "--slots", "1")
        run = self.run_sleeps("-n", "20", "--pause", "1s", "--prefetch", "100")
        self.wait_until_busy("first")
        second = self.join("--slots", "10")  # joins early in a run of 20 seconds
        document = self.finish(run)
        self.assertTrue(document["validated"])
        self.assertGreater(document["workers"][1]["tasks_done"], 4)
        self.expect_success(first)
        self.expect_success(second)

    def test_lost_session(self):
        """The session is lost and rejected; the worker joins again as a new session."""
        worker = self.join("--name", "sleeper", "--slots", "2")
        run = self.run_sleeps("-n", "20", "--pause", "500ms", "--liveness", "1s")
        self.wait_until_busy("sleeper")
        worker.send_signal(signal.SIGSTOP)
        eventually(lambda: self.workers() == [])
        worker.send_signal(signal.SIGCONT)
        document = self.finish(run)
        self.assertTrue(document["validated"])
        self.assertIn(True, [w["lost"] for w in document["workers"]])
        self.assertFalse(document["workers"][-1]["lost"])
        self.expect_success(worker)

    def test_killed_coordinator(self):
        worker = self.join("--name", "orphan")
        run = self.run_sleeps("-n", "20", "--pause", "300s", "--liveness", "1s")
        self.wait_until_busy("orphan")
        run.kill()
        run.communicate()
        self.assertEqual(worker.wait(PATIENCE), 4)

    def test_resumed_coordinator(self):
        """The worker lists what it holds, and the next coordinator adopts all of it."""
        for loss in "0", "0.1":
            with self.subTest(loss):
                arguments = ["-n", "60", "--pause-min", "500ms", "--pause-max", "4s", "--seed", "1",
                             "--journal", os.path.join(self.directory, "journal-" + loss),
                             "--resume"]
                worker = self.join("--slots", "20", "--loss", loss)
                run = self.run_sleeps(*arguments)
                eventually(lambda: any(w["done"] > 0 for w in self.workers() or []))
                run.kill()
                run.communicate()
                document = self.finish(self.run_sleeps(*arguments))
                self.assertTrue(document["validated"])
                self.assertEqual(len(document["workers"]), 1)
                self.assertEqual(document["attempts"]["retried"], 0)
                self.assertGreater(document["attempts"]["adopted"], 0)
                if loss == "0":  # otherwise the Shutdown may be lost
                    self.expect_success(worker)

    def test_wrong_magic_and_absurd_counters(self):
        """A scripted worker sends the coordinator what it must not."""
        run = self.run_sleeps("-n", "3", "--pause", "100ms", "--insecure")
        eventually(lambda: os.path.exists(self.access))
        link = Link(self.access, loss=0)
        self.addCleanup(link.close)
        link.connect()
        link.socket.send(wire.FromWorker(magic=1, protocol=2).SerializeToString())
        answer = self.next_message(link)
        self.assertEqual(answer.reject.reason, wire.REJECT_REASON_BAD_MESSAGE)
        self.assertEqual(answer.session, b"")

        secret = os.urandom(16)
        session = session_of(secret)
        link.send(b"", 0, session, {"hello": wire.Hello(
            secret=secret, nonce=1, kinds=[wire.TASK_KIND_SLEEP])})
        welcome = self.next_message(link, "welcome")
        link.send(welcome.run, welcome.epoch, session, {"inventory": wire.Inventory(nonce=1)})
        absurd = wire.Heartbeat(assignments_received=10**9, started_count=10**9)
        link.send(welcome.run, welcome.epoch, session, {"heartbeat": absurd})
        self.next_message(link, "ack")
        link.send(welcome.run, welcome.epoch, session, {"goodbye": wire.Goodbye()})
        self.next_message(link, "shutdown")
        staying = self.join()  # it gets the tasks that the first session returned
        self.assertTrue(self.finish(run)["validated"])
        self.expect_success(staying)

    def test_refuses_version_1_by_name(self):
        """The answer has version 1, in which the worker understands it."""
        run = self.start([os.path.join(PROGRAMS, "rollcall"), "sleep", "-n", "1", "--access-file",
                          self.access, "--workers", "0", "--insecure", "--quiet"],
                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        eventually(lambda: os.path.exists(self.access))
        link = Link(self.access, loss=0)
        self.addCleanup(link.close)
        link.connect()
        secret = os.urandom(16)
        hello = wire.Hello(secret=secret, nonce=1, name=b"old", host=b"node7")
        link.socket.send(wire.FromWorker(magic=0x4C4C4F52, protocol=1, session=session_of(secret),
                                         hello=hello).SerializeToString())
        answer = self.next_message(link)
        self.assertEqual((answer.protocol, answer.reject.reason, answer.session),
                         (1, wire.REJECT_REASON_PROTOCOL_VERSION, session_of(secret)))
        self.assertEqual(answer.reject.text,
                         b"the worker speaks protocol version 1, the coordinator 2")
        worker = self.join()
        self.assertEqual(run.wait(PATIENCE), 0)
        self.expect_success(worker)
        with run.stderr as log:
            self.assertIn("refused worker old on node7: it speaks protocol version 1, expected 2",
                          log.read())

    def test_refuses_a_worker_that_cannot_run_the_kind(self):
        run = self.run_sleeps("-n", "1", "--pause", "0", "--insecure")
        eventually(lambda: os.path.exists(self.access))
        link = Link(self.access, loss=0)
        self.addCleanup(link.close)
        link.connect()
        secret = os.urandom(16)
        link.send(b"", 0, session_of(secret), {"hello": wire.Hello(
            secret=secret, nonce=1, kinds=[wire.TASK_KIND_EXEC, 99], features=[1, 77])})
        answer = self.next_message(link)
        self.assertEqual(answer.reject.reason, wire.REJECT_REASON_REFUSED)
        self.assertEqual(answer.reject.text, b"the worker cannot run tasks of kind sleep")
        worker = self.join()
        self.finish(run)
        self.expect_success(worker)

    def next_message(self, link, kind=None):
        while link.socket.poll(PATIENCE * 1000):
            for message in link.messages():
                if kind in (None, message.WhichOneof("body")):
                    return message
        raise AssertionError(f"no {kind} arrived")


class ScriptedCoordinator(unittest.TestCase):
    """A coordinator that sends what a test lets it send."""

    command = [sys.executable, WORKER]

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.access = os.path.join(directory.name, "run.access")
        self.listen()
        self.worker = subprocess.Popen([*self.command, "--access-file", self.access])
        self.addCleanup(self.worker.wait)
        self.addCleanup(self.worker.kill)
        self.run_id, self.epoch, self.nonce, self.version = bytes(range(16)), 1, None, 2

    def listen(self):
        """Listens on a free port, and writes the access file for it."""
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        self.addCleanup(self.socket.close, 0)
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        with open(self.access + ".new", "w", encoding="utf-8") as file:
            json.dump({"schema": "rollcall/access/1", "endpoint": f"tcp://127.0.0.1:{port}",
                       "server_key": "", "worker_public_key": "", "worker_secret_key": "",
                       "ticket": 0}, file)
        os.rename(self.access + ".new", self.access)

    def receive(self, kind=None):
        while self.socket.poll(PATIENCE * 1000):
            self.peer, frame = self.socket.recv_multipart()
            message = wire.FromWorker.FromString(frame)
            if kind in (None, message.WhichOneof("body")):
                return message
        raise AssertionError(f"no {kind} arrived")

    def outcomes(self, count):
        """The outcomes of the next reports, acknowledged, in order: (task, outcome)."""
        rows = []
        while len(rows) < count:
            report = self.receive("report").report
            if report.number != self.reports + 1:
                continue  # a repetition
            self.reports += 1
            self.send(ack=wire.Ack(reports_committed=self.reports, sent_ns=1))
            rows += self.rows_of(report)
        return rows

    def rows_of(self, report):
        tasks = list(itertools.accumulate(report.task_delta))
        return list(zip(tasks, column(report.outcome, len(tasks), wire.OUTCOME_SUCCEEDED)))

    def assign(self, number, first, pauses, **more):
        more = {"jobs": [SLEEPS] if number == 1 else [], **more}
        self.send(assignment=wire.Assignment(number=number, range_first_delta=[first],
                                             range_count=[len(pauses)], pause_ns=pauses, **more))

    def join(self, **terms):
        self.hello()
        self.welcome(**terms)
        self.receive("inventory")
        self.reports = 0

    def send(self, **body):
        self.socket.send_multipart([self.peer, wire.FromCoordinator(
            magic=0x4C4C4F52, protocol=self.version, run=self.run_id, epoch=self.epoch, session=self.session,
            **body).SerializeToString()])

    def welcome(self, **terms):
        self.send(welcome=wire.Welcome(
            **{"nonce": self.nonce, "sent_ns": 1, "slots": 2, "heartbeat_interval_ns": 10**8,
               "liveness_ns": 4 * 10**10, "orphan_for_ns": 10**11, **terms}))

    def hello(self):
        last, hello = self.nonce, self.receive("hello").hello
        while hello.nonce == last:  # a repetition of the last Hello
            hello = self.receive("hello").hello
        self.secret, self.nonce = hello.secret, hello.nonce
        self.session = session_of(hello.secret)

    def attempts_in(self, inventory):
        tasks = list(itertools.accumulate(inventory.task_delta))
        return list(zip(tasks, column(inventory.attempt, len(tasks), 1)))


class Scripted(ScriptedCoordinator):
    """A scripted coordinator sends what a real one may send."""

    def test_lists_held_attempts_and_ignores_older_epochs(self):
        self.hello()
        self.welcome()
        self.assertEqual(self.receive("inventory").inventory.list, 0)
        # Tasks 10 and 12 run for long, 11 ends at once. 13 to 17 wait; 16 and 17 are revoked.
        self.assign(1, 10, [10**12, 0] + 6 * [10**12])
        report = self.receive("report").report
        self.assertEqual(self.rows_of(report), [(11, wire.OUTCOME_SUCCEEDED)])
        self.send(revoke=wire.Revoke(assignments_through=1, keep=6))
        while self.rows_of(self.receive("report").report)[-1][1] != wire.OUTCOME_RETURNED:
            pass
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.epoch = 3
        # Report 2, with the returned attempts, is not committed.
        self.welcome(list_held=True, reports_committed=1)
        inventory = self.receive("inventory").inventory
        attempts = self.attempts_in(inventory)
        self.assertEqual(set(attempts[:2]), {(10, 1), (12, 1)})
        self.assertEqual(attempts[2:], [(13, 1), (14, 1), (15, 1), (16, 1), (17, 1)])
        self.assertEqual((inventory.begun, inventory.started_count), (2, 3))
        self.assertEqual((inventory.list, inventory.part, inventory.is_last_part), (1, 0, True))
        self.send(ack=wire.Ack(reports_committed=2, sent_ns=2))
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.epoch = 2
        self.welcome(list_held=True)  # from a dead coordinator
        self.epoch = 4
        self.welcome(list_held=True, reports_committed=2)
        message = self.receive("inventory")
        self.assertEqual((message.epoch, message.inventory.list), (4, 2))
        self.assertEqual(self.attempts_in(message.inventory)[-2:], [(16, 0), (17, 0)])

    def test_ignores_a_welcome_for_another_session(self):
        self.hello()
        own, self.session = self.session, bytes(16)
        self.run_id = bytes(16)
        self.welcome()
        self.session, self.run_id = own, bytes(range(16))
        self.welcome()
        self.assertEqual(self.receive("inventory").run, self.run_id)

    def test_sends_only_hello_before_the_welcome(self):
        self.join()
        self.assign(1, 5, [3 * 10**8] * 2)  # they end during the handshake
        while self.receive("heartbeat").heartbeat.started_count < 2:
            pass
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        # About 0.1, 0.2 and 0.4 s apart.
        kinds = [self.receive().WhichOneof("body") for _ in range(3)]
        self.assertEqual(kinds, ["hello"] * 3)
        self.welcome()
        self.receive("inventory")
        self.assertEqual(sorted(self.outcomes(2)), [(5, wire.OUTCOME_SUCCEEDED),
                                                    (6, wire.OUTCOME_SUCCEEDED)])

    def test_new_socket_has_new_nonce(self):
        """The worker reads the access file before a Hello, and connects to another endpoint."""
        self.join()
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.listen()
        hello = self.receive("hello").hello  # otherwise a repetition of the last one
        self.assertEqual(hello.secret, self.secret)
        self.assertNotEqual(hello.nonce, self.nonce)
        self.nonce = hello.nonce
        self.welcome()
        self.receive("inventory")

    def test_remembered_revocation_keeps_the_first(self):
        self.join(slots=1)
        self.assign(1, 10, [10**12] * 3)
        self.send(revoke=wire.Revoke(assignments_through=2, keep=4))
        self.assign(2, 20, [10**12] * 3)  # 20 is the fourth place
        self.assertEqual(self.outcomes(2), [(21, wire.OUTCOME_RETURNED),
                                            (22, wire.OUTCOME_RETURNED)])
        self.send(cancel=wire.Cancel(assignments_through=2))
        self.assertEqual(sorted(task for task, _ in self.outcomes(4)), [10, 11, 12, 20])

    def test_jobs_without_slots_and_single_cancels(self):
        self.join(slots=1)
        quick = wire.Job(number=7, kind=wire.TASK_KIND_SLEEP)
        self.send(cancel=wire.Cancel(task_delta=[12, 4], attempt=[1, 2]))
        # 10 needs a slot, 11 does not, 12 is cancelled in advance, and 13 to 15 wait.
        self.assign(1, 10, [10**12] * 6, jobs=[SLEEPS, quick], job=[1, 7, 7, 1, 7, 7])
        self.assertEqual(self.outcomes(1), [(12, wire.OUTCOME_CANCELLED)])
        self.send(cancel=wire.Cancel(task_delta=[11, 3, 2]))  # 11 runs, 14 waits, 16 is unknown
        self.assertEqual(sorted(self.outcomes(2)), [(11, wire.OUTCOME_CANCELLED),
                                                    (14, wire.OUTCOME_CANCELLED)])
        self.send(cancel=wire.Cancel(task_delta=[10]))
        self.assertEqual(self.outcomes(1), [(10, wire.OUTCOME_CANCELLED)])
        while self.receive("heartbeat").heartbeat.started_count < 6:
            pass
        self.assign(2, 20, [0], job=[7])  # its header is that of the Assignment before
        self.assertEqual(self.outcomes(1), [(20, wire.OUTCOME_SUCCEEDED)])
        self.send(cancel=wire.Cancel(assignments_through=2))
        self.assertEqual(sorted(task for task, _ in self.outcomes(2)), [13, 15])

    def test_ends_without_a_job_header(self):
        self.join()
        self.assign(1, 10, [0], jobs=[])
        self.assertEqual(self.worker.wait(PATIENCE), 4)

    def test_ends_with_an_unknown_kind(self):
        self.join()
        self.assign(1, 10, [0], jobs=[wire.Job(number=1, kind=99)])
        self.assertEqual(self.worker.wait(PATIENCE), 4)

    def test_ends_with_a_coordinator_of_version_1(self):
        self.hello()
        self.version = 1
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_PROTOCOL_VERSION))
        self.assertEqual(self.worker.wait(PATIENCE), 4)

    def test_leaves_at_once_with_more_than_64_reports(self):
        self.join(slots=1)
        for number in range(1, 65):  # one Report for each, and no acknowledgement
            self.assign(number, number, [0])
            while self.receive("report").report.number < number:
                pass
        self.assign(65, 1000, [10**12] * 2)
        self.send(revoke=wire.Revoke(assignments_through=65, keep=65))
        while self.receive("heartbeat").heartbeat.assignments_received < 65:
            pass
        self.send(drain=wire.Drain(mode=wire.DRAIN_MODE_RETURN))
        while (report := self.receive("report").report).number < 65:
            pass
        # Task 1000 has no outcome: it waited, and the Goodbye returns it.
        self.assertEqual(self.rows_of(report), [(1001, wire.OUTCOME_RETURNED)])
        goodbye = self.receive("goodbye").goodbye
        self.assertEqual((goodbye.reports_sent, goodbye.outcomes_sent), (65, 65))
        self.send(ack=wire.Ack(reports_committed=65, sent_ns=1))
        self.assertEqual(self.worker.wait(PATIENCE), 0)


class ScriptedRollcall(Scripted):
    """Rollcall's own worker obeys the same page."""

    command = [os.path.join(PROGRAMS, "rollcall-worker"), "--log-level", "error"]


class OutputInChunks(ScriptedCoordinator):
    """Rollcall's own worker sends output to a coordinator with feature 1."""

    command = ScriptedRollcall.command
    commands = wire.Job(number=1, kind=wire.TASK_KIND_EXEC, needs_slot=True)
    ten_megabytes = "head -c 10000000 /dev/zero | tr '\\0' x"
    NOT_WANTED = 2**64 - 1

    def join_with_output(self, window=1 << 20):
        self.hello()
        self.welcome(features=[1], window=window, window_number=1)
        self.receive("inventory")
        self.reports, self.taken = 0, {1: 0, 2: 0}

    def run_command(self, script):
        self.send(assignment=wire.Assignment(
            number=1, range_first_delta=[7], jobs=[self.commands],
            command=[wire.Command(arg=[b"sh", b"-c", script.encode()])]))

    def take(self, output):
        """Takes the rows that follow those taken before. Returns the other ones."""
        rows = len(output.task_delta)
        self.assertEqual(list(itertools.accumulate(output.task_delta)), rows * [7])
        self.assertLessEqual(len(output.bytes), 256 << 10)
        begin, dropped = 0, []
        for stream, offset, size in zip(column(output.stream, rows, 1),
                                        column(output.offset, rows, 0),
                                        column(output.size, rows, 0)):
            if offset == self.taken[stream]:
                self.taken[stream] += size
            else:
                dropped.append((stream, offset, size))
            begin += size
        self.assertEqual(begin, len(output.bytes))
        return dropped

    def acknowledge(self, durable=None, stream=1, **window):
        taken = self.taken[stream]
        self.send(output_ack=wire.OutputAck(
            task_delta=[7], stream=[stream], taken=[taken],
            durable=[taken if durable is None else durable], **window))

    def take_all(self):
        """Takes and acknowledges output until the outcome comes. Returns it."""
        while (message := self.receive()).WhichOneof("body") != "report":
            if message.WhichOneof("body") == "output":
                self.assertEqual(self.take(message.output), [])
                self.acknowledge()
        self.assertEqual(self.rows_of(message.report), [(7, wire.OUTCOME_SUCCEEDED)])
        return message.report.command_result[0]

    def silent_for(self, seconds):
        """No output and no outcome comes within this time."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            if self.socket.poll(left * 1000):
                self.assertIn(self.receive().WhichOneof("body"), ("heartbeat", "hello"))

    def test_output_of_any_size(self):
        self.join_with_output()
        self.run_command(self.ten_megabytes)
        result = self.take_all()
        self.assertEqual(result.out_bytes, 10**7)
        self.assertEqual(self.taken[1] + len(result.out), 10**7)
        self.assertLessEqual(len(result.out), 64 << 10)
        self.assertEqual((result.err, result.out_dropped), (b"", 0))

    def test_short_output_travels_with_its_outcome(self):
        self.join_with_output()
        self.run_command("echo out; echo err >&2")
        result = self.take_all()
        self.assertEqual((result.out, result.err), (b"out\n", b"err\n"))
        self.assertFalse(result.HasField("out_bytes"))

    def test_output_comes_while_the_command_runs(self):
        self.join_with_output()
        taken = self.access + ".taken"
        self.run_command(f"echo first; while ! test -e {taken}; do sleep 0.02; done; echo second")
        self.take(self.receive("output").output)
        self.assertEqual(self.taken[1], 6)
        open(taken, "w", encoding="utf-8").close()
        self.acknowledge()
        result = self.take_all()
        self.assertEqual((result.out, result.out_bytes), (b"second\n", 13))

    def test_a_command_blocks_without_acknowledgements(self):
        self.join_with_output(window=256 << 10)
        self.run_command(self.ten_megabytes)
        while self.taken[1] < 200 << 10:
            self.take(self.receive("output").output)
        self.silent_for(1)
        self.assertLessEqual(self.taken[1], 256 << 10)
        self.acknowledge(durable=0, window=0, window_number=2)
        while self.receive("heartbeat").heartbeat.window_received < 2:
            pass
        self.acknowledge(durable=0, window=128 << 10, window_number=3)
        self.assertEqual(self.take(self.receive("output").output), [])  # taken is enough for it
        self.send(ack=wire.Ack(sent_ns=1, window=1 << 20, window_number=4))
        self.assertEqual(self.take_all().out_bytes, 10**7)

    def test_an_outcome_waits_until_its_output_is_durable(self):
        self.join_with_output()
        self.run_command("head -c 300000 /dev/zero")
        while self.taken[1] < 300000 - (64 << 10):
            self.take(self.receive("output").output)
            self.acknowledge(durable=0)
        self.silent_for(1)
        self.acknowledge()
        self.assertEqual(self.take_all().out_bytes, 300000)

    def test_a_command_whose_output_is_not_wanted_runs_to_its_end(self):
        self.join_with_output(window=128 << 10)
        self.run_command(self.ten_megabytes)
        self.receive("output")
        self.acknowledge(durable=self.NOT_WANTED)
        while (message := self.receive()).WhichOneof("body") != "report":
            pass
        result = message.report.command_result[0]
        self.assertEqual((result.out, result.out_bytes), (b"", self.NOT_WANTED))

    def test_after_a_restart_output_is_sent_again(self):
        self.join_with_output()
        self.run_command(self.ten_megabytes)
        while self.taken[1] < 500_000:
            self.take(self.receive("output").output)
            self.acknowledge(durable=100_000)
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.epoch = 2
        self.welcome(features=[1], list_held=True, window=64 << 10, window_number=1)
        inventory = self.receive("inventory").inventory
        self.assertEqual(self.attempts_in(inventory), [(7, 1)])
        self.assertEqual(list(inventory.output_row), [0])
        self.assertEqual(list(inventory.output_from), [100_000])
        self.taken[1] = 100_000
        self.assertEqual(self.take(self.receive().output), [])  # at once
        self.acknowledge()
        self.assertEqual(self.take_all().out_bytes, 10**7)

    def test_in_the_same_epoch_only_what_is_not_taken_is_sent_again(self):
        self.join_with_output()
        self.run_command(self.ten_megabytes)
        self.take(self.receive("output").output)
        self.acknowledge(durable=0)
        taken = self.taken[1]
        while self.taken[1] < taken + 500_000:
            self.take(self.receive("output").output)
        self.taken[1] = taken  # that was lost with the connection
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.welcome(features=[1], window=64 << 10, window_number=2)
        self.assertEqual(list(self.receive("inventory").inventory.output_from), [])
        self.assertEqual(self.take(self.receive().output), [])
        self.acknowledge()
        self.assertEqual(self.take_all().out_bytes, 10**7)

    def test_bytes_that_were_dropped_are_sent_again_later(self):
        self.join_with_output()
        self.run_command("head -c 300000 /dev/zero")
        self.receive("output")  # lost
        time.sleep(0.3)
        self.send(ack=wire.Ack(sent_ns=1))
        while self.take(self.receive("output").output):
            pass
        self.acknowledge()
        while (message := self.receive()).WhichOneof("body") != "report":
            if message.WhichOneof("body") == "output":
                self.take(message.output)
                self.acknowledge()
        self.assertEqual(message.report.command_result[0].out_bytes, 300000)

    def test_leaves_without_the_outcome_of_output_that_is_not_durable(self):
        self.join_with_output()
        self.run_command("head -c 300000 /dev/zero")
        while self.taken[1] < 300000 - (64 << 10):
            self.take(self.receive("output").output)
        self.send(drain=wire.Drain(mode=wire.DRAIN_MODE_RETURN))
        while (message := self.receive()).WhichOneof("body") != "goodbye":
            self.assertNotEqual(message.WhichOneof("body"), "report")
        self.assertEqual(message.goodbye.outcomes_sent, 0)
        self.assertEqual(self.worker.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
