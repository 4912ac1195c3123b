"""Tests the limits of one machine.

    tests/interop/python.sh tests/system/scale_test.py PROGRAMS_DIRECTORY

Prints the figures of docs/scaling.md.
"""
import json
import os
import resource
import subprocess
import sys
import time
import unittest

from processes import ProcessTest

PROGRAMS = os.path.abspath(sys.argv.pop(1))
HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = 600
WORKERS, SESSIONS, PROCESSES = 1000, 10000, 4
MEBIBYTE = 1 << 20


def default_limit():
    """Sets the soft limit of a login shell, which the programs raise themselves."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))


def low_limit():
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def highest_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def proportional_bytes(pid):
    """Proportional set size: shared memory is divided among the processes that share it."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return sum(int(line.split()[1]) * 1024 for line in file if line.startswith("Pss:"))


class Scale(ProcessTest):
    def start(self, *arguments, limit=default_limit):
        command = [os.path.join(PROGRAMS, "rollcall"), "sleep", "--output", "json", "--quiet",
                   "--join-timeout", "5m", "--control", os.path.join(self.directory, "control"),
                   *arguments]
        return self.launch(command, preexec_fn=limit)

    def finish(self, run):
        document = json.loads(self.output_of(run, PATIENCE))
        self.assertTrue(document["validated"])
        self.assertFalse(any(worker["lost"] for worker in document["workers"]))
        return document

    def test_a_thousand_workers(self):
        began = time.monotonic()
        document = self.finish(self.start(
            "--workers", str(WORKERS), "--wait-for-workers", str(WORKERS), "--slots", "1",
            "--task-count", "1000000", "--pause", "0"))
        self.assertEqual(len(document["workers"]), WORKERS)
        print(f"\n{WORKERS} workers: joined in {document['startup_seconds']:.1f} s, 1,000,000 empty "
              f"tasks in {document['measured_seconds']:.2f} s, all exited after "
              f"{time.monotonic() - began:.1f} s; coordinator "
              f"{document['resources']['peak_rss_bytes'] / MEBIBYTE:.0f} MiB at most")

    def test_memory_of_a_worker(self):
        run = self.start("--workers", str(WORKERS), "--wait-for-workers", str(WORKERS), "--slots",
                         "1", "--task-count", str(WORKERS), "--pause", "20s")
        time.sleep(1)  # until the control socket exists
        deadline = time.monotonic() + PATIENCE
        while True:
            self.assertLess(time.monotonic(), deadline)
            status = subprocess.run(
                [os.path.join(PROGRAMS, "rollcall"), "status", "--output", "json", "--control",
                 os.path.join(self.directory, "control")], capture_output=True, text=True, check=False)
            if status.returncode == 0 and json.loads(status.stdout)["tasks"]["running"] == WORKERS:
                break
            time.sleep(0.2)
        with open(f"/proc/{run.pid}/task/{run.pid}/children", encoding="ascii") as children:
            sizes = [proportional_bytes(pid) for pid in children.read().split()]
        self.assertEqual(len(sizes), WORKERS)
        print(f"\n{WORKERS} workers with a task each: {sum(sizes) / WORKERS / MEBIBYTE:.2f} MiB "
              f"each; coordinator {proportional_bytes(run.pid) / MEBIBYTE:.0f} MiB")
        self.finish(run)

    def test_low_descriptor_limit_is_reported_in_one_line(self):
        run = self.start("--workers", "300", limit=low_limit)
        _, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(run.returncode, 2)
        self.assertEqual(errors.count("\n"), 1)
        self.assertIn("the limit is 112", errors)

    def test_ten_thousand_idle_sessions(self):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < SESSIONS + 100:
            self.skipTest(f"{SESSIONS} connections need ulimit -Hn of {SESSIONS + 100}")
        arguments = ["--workers", "2", "--task-count", "1000000", "--pause-min", "1s",
                     "--pause-max", "10s", "--seed", "1", "--heartbeat-interval", "5s",
                     "--liveness", "2m"]
        alone = self.finish(self.start(*arguments))
        access = os.path.join(self.directory, "run.access")
        for _ in range(PROCESSES):
            self.started.append(subprocess.Popen(
                [sys.executable, os.path.join(HERE, "idle_sessions.py"), access,
                 str(SESSIONS // PROCESSES)], preexec_fn=highest_limit))
        idle = self.started[-PROCESSES:]
        document = self.finish(self.start(
            *arguments, "--access-file", access, "--wait-for-workers", str(SESSIONS + 2)))
        for process in idle:
            self.assertEqual(process.wait(PATIENCE), 0)
        self.assertEqual(len(document["workers"]), SESSIONS + 2)
        self.assertEqual(sum(w["tasks_done"] > 0 for w in document["workers"]), 2)
        print(f"\n{SESSIONS} idle sessions: joined in {document['startup_seconds']:.1f} s; 1,000,000 "
              f"sleeps with an overhead of {document['overhead_seconds'] * 1000:.0f} ms, alone "
              f"{alone['overhead_seconds'] * 1000:.0f} ms; coordinator "
              f"{document['resources']['peak_rss_bytes'] / MEBIBYTE:.0f} MiB at most, alone "
              f"{alone['resources']['peak_rss_bytes'] / MEBIBYTE:.0f} MiB; CPU time "
              f"{document['resources']['cpu_seconds']:.1f} s, alone "
              f"{alone['resources']['cpu_seconds']:.1f} s")


if __name__ == "__main__":
    unittest.main(verbosity=2)
