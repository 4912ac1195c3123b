"""Runs of the real coordinator with the worker of worker.py: python.sh interop_test.py PROGRAMS."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import zmq
import wire_pb2 as wire
from link import session_of

PROGRAMS = os.path.abspath(sys.argv.pop(1))
WORKER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker.py")
PATIENCE = 60  # seconds for a fact to come true, on a machine that does much else


def eventually(fact):
    deadline = time.monotonic() + PATIENCE
    while not fact():
        if time.monotonic() > deadline:
            raise AssertionError("never true")
        time.sleep(0.02)


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rollcall-interop-")
        if len(self.folder) > 90:  # the path of a socket is short
            os.rmdir(self.folder)
            self.folder = tempfile.mkdtemp(prefix="rollcall-interop-", dir="/tmp")
        self.access = os.path.join(self.folder, "run.access")
        self.control = os.path.join(self.folder, "control")
        self.started = []

    def tearDown(self):
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()
        for name in os.listdir(self.folder):
            os.remove(os.path.join(self.folder, name))
        os.rmdir(self.folder)

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
        """Those that are there; None: nobody answers yet."""
        status = self.command("status", "--output", "json")
        return json.loads(status)["workers"] if status else None

    def until_it_runs_something(self, name):
        eventually(lambda: any(w["name"] == name and w["done"] + w["running"] > 0
                               for w in self.workers() or []))

    def finish(self, run, status=0):
        """The run's document, once it has ended."""
        lines, _ = run.communicate(timeout=2 * PATIENCE)
        self.assertEqual(run.returncode, status)
        return json.loads(lines.splitlines()[-1])

    def ends_well(self, worker):
        self.assertEqual(worker.wait(PATIENCE), 0)

    def test_alone(self):
        worker = self.join()
        end = self.finish(self.run_sleeps("-n", "300", "--pause-min", "0s", "--pause-max", "1s"))
        self.assertTrue(end["validated"])
        self.ends_well(worker)

    def test_beside_workers_of_the_product(self):
        worker = self.join("--slots", "20")
        end = self.finish(self.run_sleeps("-n", "300", "--pause", "100ms", "--slots", "10",
                                          "--wait-for-workers", "3", workers=2))
        self.assertTrue(end["validated"])
        self.assertEqual(len(end["workers"]), 3)
        self.ends_well(worker)

    def test_with_lost_messages(self):
        workers = [self.join("--loss", "0.2", "--slots", "10"), self.join("--loss", "0.2")]
        end = self.finish(self.run_sleeps("-n", "300", "--pause", "20ms",
                                          "--wait-for-workers", "2"))
        self.assertTrue(end["validated"])
        del workers  # the Shutdown may be lost too

    def test_many_empty_tasks(self):
        worker = self.join()
        end = self.finish(self.run_sleeps("-n", "100000", "--pause", "0"))
        self.assertTrue(end["validated"])
        self.ends_well(worker)

    def test_cancel(self):
        worker = self.join("--slots", "5")
        end = self.finish(self.run_sleeps("-n", "50", "--pause", "30s",
                                          "--collection-method", "wait", "--wait-timeout", "300ms"),
                          status=5)
        self.assertEqual(end["outcomes"]["cancelled"], 50)
        self.ends_well(worker)

    def test_drain(self):
        for mode in "finish", "return":
            with self.subTest(mode):
                leaver = self.join("--name", "leaver", "--slots", "2")
                run = self.run_sleeps("-n", "20", "--pause", "1s")
                self.until_it_runs_something("leaver")
                self.assertIn("leaver", self.command("drain", "leaver", "--drain", mode))
                self.ends_well(leaver)
                stayer = self.join("--slots", "20")
                self.assertTrue(self.finish(run)["validated"])
                self.ends_well(stayer)

    def test_terminated(self):
        leaver = self.join("--name", "leaver", "--slots", "2")
        run = self.run_sleeps("-n", "20", "--pause", "1s")
        self.until_it_runs_something("leaver")
        leaver.send_signal(signal.SIGTERM)
        self.ends_well(leaver)
        stayer = self.join("--slots", "20")
        self.assertTrue(self.finish(run)["validated"])
        self.ends_well(stayer)

    def test_revoke(self):
        """What waits at one is taken back for the one that comes later."""
        first = self.join("--name", "first", "--slots", "1")
        run = self.run_sleeps("-n", "20", "--pause", "1s", "--prefetch", "100")
        self.until_it_runs_something("first")
        second = self.join("--slots", "10")  # it comes soon enough, in most of 20 seconds
        end = self.finish(run)
        self.assertTrue(end["validated"])
        self.assertGreater(end["workers"][1]["tasks_done"], 4)
        self.ends_well(first)
        self.ends_well(second)

    def test_silent_for_too_long(self):
        """It is given up, is told so, and begins again as another session."""
        worker = self.join("--name", "sleeper", "--slots", "2")
        run = self.run_sleeps("-n", "20", "--pause", "500ms", "--liveness", "1s")
        self.until_it_runs_something("sleeper")
        worker.send_signal(signal.SIGSTOP)
        eventually(lambda: self.workers() == [])
        worker.send_signal(signal.SIGCONT)
        end = self.finish(run)
        self.assertTrue(end["validated"])
        self.assertIn(True, [w["lost"] for w in end["workers"]])
        self.assertFalse(end["workers"][-1]["lost"])
        self.ends_well(worker)

    def test_its_coordinator_is_gone(self):
        worker = self.join("--name", "orphan")
        run = self.run_sleeps("-n", "20", "--pause", "300s", "--liveness", "1s")
        self.until_it_runs_something("orphan")
        run.kill()
        run.communicate()
        self.assertEqual(worker.wait(PATIENCE), 4)

    def test_its_coordinator_goes_on_from_the_journal(self):
        """The next one is told what is held, and has none of it run again."""
        for loss in "0", "0.1":
            with self.subTest(loss):
                asked = ["-n", "60", "--pause-min", "500ms", "--pause-max", "4s", "--seed", "1",
                         "--journal", os.path.join(self.folder, "journal-" + loss), "--resume"]
                worker = self.join("--slots", "20", "--loss", loss)
                run = self.run_sleeps(*asked)
                eventually(lambda: any(w["done"] > 0 for w in self.workers() or []))
                run.kill()
                run.communicate()
                end = self.finish(self.run_sleeps(*asked))
                self.assertTrue(end["validated"])
                self.assertEqual(len(end["workers"]), 1)
                self.assertEqual(end["attempts"]["retried"], 0)
                self.assertGreater(end["attempts"]["adopted"], 0)
                if loss == "0":  # else the Shutdown may be lost too
                    self.ends_well(worker)


class Scripted(unittest.TestCase):
    """A coordinator of a few lines: what a resumed one asks for."""

    def setUp(self):
        self.socket = zmq.Context.instance().socket(zmq.ROUTER)
        port = self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.file = tempfile.NamedTemporaryFile("w", suffix=".access")
        json.dump({"schema": "rollcall/access/1", "endpoint": f"tcp://127.0.0.1:{port}",
                   "server_key": "", "worker_public_key": "", "worker_secret_key": "", "ticket": 0},
                  self.file)
        self.file.flush()
        self.worker = subprocess.Popen([sys.executable, WORKER, "--access-file", self.file.name])
        self.addCleanup(self.file.close)
        self.addCleanup(self.socket.close, 0)
        self.addCleanup(self.worker.wait)
        self.addCleanup(self.worker.kill)
        self.run_id, self.epoch, self.nonce = bytes(range(16)), 1, None

    def receive(self, kind):
        while self.socket.poll(PATIENCE * 1000):
            self.peer, frame = self.socket.recv_multipart()
            message = wire.FromWorker.FromString(frame)
            if message.WhichOneof("body") == kind:
                return message
        raise AssertionError(f"no {kind} came")

    def send(self, **body):
        self.socket.send_multipart([self.peer, wire.FromCoordinator(
            magic=0x4C4C4F52, protocol=1, run=self.run_id, epoch=self.epoch, session=self.session,
            **body).SerializeToString()])

    def welcome(self, **terms):
        self.send(welcome=wire.Welcome(
            nonce=self.nonce, sent_ns=1, kind=wire.TASK_KIND_SLEEP, slots=2,
            heartbeat_interval_ns=10**8, liveness_ns=4 * 10**10, orphan_for_ns=10**11, **terms))

    def hello(self):
        last, hello = self.nonce, self.receive("hello").hello
        while hello.nonce == last:  # it was said again before its Welcome came
            hello = self.receive("hello").hello
        self.session, self.nonce = session_of(hello.secret), hello.nonce

    def listed(self, inventory):
        task, names = 0, []
        for delta, number in zip(inventory.task_delta, inventory.attempt):
            task += delta
            names.append((task, number))
        return names

    def test_lists_what_it_holds_and_obeys_no_older_epoch(self):
        self.hello()
        self.welcome()
        self.assertEqual(self.receive("inventory").inventory.list, 0)
        # 10 runs for long, 11 ends at once, 12 runs; 13 to 17 wait, of which 16 and 17 go back.
        self.send(assignment=wire.Assignment(number=1, range_first_delta=[10], range_count=[8],
                                             pause_ns=[10**12, 0] + 6 * [10**12]))
        report = self.receive("report").report
        self.assertEqual(list(report.outcome), [wire.OUTCOME_SUCCEEDED])
        self.send(revoke=wire.Revoke(assignments_through=1, keep=6))
        while list(self.receive("report").report.outcome)[-1:] != [wire.OUTCOME_RETURNED]:
            pass
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.epoch = 3
        self.welcome(list_held=True, reports_committed=1)  # 2, with what went back, is not kept
        inventory = self.receive("inventory").inventory
        names = self.listed(inventory)
        self.assertEqual(set(names[:2]), {(10, 1), (12, 1)})
        self.assertEqual(names[2:], [(13, 1), (14, 1), (15, 1), (16, 1), (17, 1)])
        self.assertEqual((inventory.begun, inventory.started_count), (2, 3))
        self.assertEqual((inventory.list, inventory.part, inventory.is_last_part), (1, 0, True))
        self.send(ack=wire.Ack(reports_committed=2, sent_ns=2))
        self.send(reject=wire.Reject(reason=wire.REJECT_REASON_SAY_HELLO))
        self.hello()
        self.epoch = 2
        self.welcome(list_held=True)  # from a coordinator that is dead
        self.epoch = 4
        self.welcome(list_held=True, reports_committed=2)
        message = self.receive("inventory")
        self.assertEqual((message.epoch, message.inventory.list), (4, 2))
        self.assertEqual(self.listed(message.inventory)[-2:], [(16, 0), (17, 0)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
