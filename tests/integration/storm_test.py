#!/usr/bin/env python3
"""Disturbs a run with a journal: every 200 ms it kills, stops or terminates one of the processes.
When the coordinator has ended, it resumes the run. At the end every task must have one result.

    storm_test.py PROGRAMS sleep|exec TASKS [SEED]

PROGRAMS is the directory with rollcall and rollcall-worker. The seed chooses the processes and the
signals; timing still depends on the machine. With exec each task is a command that appends its
number to a file under a lock: some commands run twice, which is printed, but none has two results."""
import csv
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

WORKERS = 4
EVERY = 0.2  # seconds
STOPPED_FOR = 1.5  # seconds at most
TOO_LONG = 600  # seconds until a run counts as stuck
ORPHAN_FOR = 15  # seconds that a worker waits for the next coordinator
MARK = "STORM_TEST"  # environment variable that marks the processes of the run


class Storm:
    def __init__(self, programs, directory, kind, tasks, rng):
        self.rollcall = str(pathlib.Path(programs).resolve() / "rollcall")
        self.directory = directory
        self.kind = kind
        self.tasks = tasks
        self.rng = rng
        self.journal = str(directory / "run.journal")
        self.results = str(directory / "results.csv")
        self.effects = directory / "effects"
        self.counts = {"KILL": 0, "STOP": 0, "TERM": 0, "coordinators": 0}
        self.epochs = 0

    def start(self, *arguments):
        self.epochs += 1
        with open(self.directory / f"out-{self.epochs}", "w") as out, open(self.directory / "err", "a") as err:
            return subprocess.Popen([self.rollcall, *arguments], stdout=out, stderr=err,
                                    env={**os.environ, MARK: str(self.directory)})

    def start_run(self):
        common = ["-w", str(WORKERS), "--worker-restarts", "unlimited", "--max-losses", "100",
                  "--orphan-for", f"{ORPHAN_FOR}s", "--output", "json", "--results", self.results, "--journal", self.journal]
        if self.kind == "sleep":
            return self.start("sleep", "-n", str(self.tasks), "--pause-min", "10ms", "--pause-max",
                              "500ms", "-j", "250", "--seed", "1", *common)
        return self.start("exec", "--range", f"0-{self.tasks - 1}", "-j", "20", *common, "--shell", "--",
                          "n={}; sleep 0.$((1 + n % 4)); "
                          f"flock {self.effects}.lock sh -c \"echo $n >> {self.effects}\"")

    def victims(self):
        """The coordinator and the workers. A killed command would only change its own result."""
        return [p for p in self.processes() if name_of(p) in ("rollcall", "rollcall-worker")]

    def processes(self):
        """The live processes of the run, found by their environment."""
        mark = f"{MARK}={self.directory}".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass  # the process has ended
        return sorted(found)

    def disturb(self, coordinator):
        # Draws from as many places as the run should have processes, and does nothing if the place is
        # empty. Otherwise a coordinator without workers would be hit again and again before it could
        # read its journal.
        victims = [coordinator.pid] + [p for p in self.victims() if p != coordinator.pid]
        chosen = self.rng.randrange(max(len(victims), 1 + WORKERS))
        if chosen >= len(victims):
            return
        victim = victims[chosen]
        name = self.rng.choice(["KILL", "STOP", "TERM"])
        self.counts[name] += 1
        self.counts["coordinators"] += victim == coordinator.pid
        send(victim, name)
        if name == "STOP":
            threading.Timer(self.rng.uniform(0, STOPPED_FOR), send, [victim, "CONT"]).start()

    def run(self):
        coordinator = self.start_run()
        end = time.monotonic() + TOO_LONG
        while True:
            assert time.monotonic() < end, "the run does not end"
            try:
                status = coordinator.wait(EVERY)
            except subprocess.TimeoutExpired:
                self.disturb(coordinator)
                continue
            if status == 0:
                return
            assert status in (-signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM), f"status {status}"
            # If it was killed before it created the journal, the run has not started.
            has_journal = os.path.exists(self.journal)
            coordinator = self.start("resume", self.journal) if has_journal else self.start_run()

    # Checks at the end.

    def check(self):
        self.wait_for_orphans()
        rows = list(csv.DictReader(open(self.results)))
        assert sorted(int(row["task"]) for row in rows) == list(range(self.tasks)), "not one row for each task"
        assert all(row["outcome"] == "succeeded" for row in rows), "a task did not succeed"
        database = sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)
        committed = database.execute("SELECT task, attempt, worker FROM result").fetchall()
        published = [(int(row["task"]), int(row["attempt"]), row["worker"]) for row in rows]
        assert committed == published, "the journal and the results differ"
        validated = subprocess.run([self.rollcall, "validate", self.journal], text=True,
                                   capture_output=True)
        assert validated.returncode == 0, validated.stderr
        report = subprocess.run([self.rollcall, "report", self.journal, "--output", "json"],
                                text=True, capture_output=True, check=True)
        document = self.printed()
        assert json.loads(report.stdout) == document, "the report differs from the printed document"
        assert document["validated"] and document["outcomes"]["succeeded"] == self.tasks
        if self.kind == "exec":
            self.check_effects()
        return document

    def wait_for_orphans(self):
        """Waits until no process is left. A worker that missed the last coordinator waits for another
        one before it exits."""
        end = time.monotonic() + ORPHAN_FOR + 2 * STOPPED_FOR + 10
        while left := self.processes():
            assert time.monotonic() < end, f"processes are left: {left}"
            time.sleep(0.05)

    def check_effects(self):
        ran = [int(line) for line in self.effects.read_text().split()]
        assert set(ran) == set(range(self.tasks)), "a command did not run"
        print(f"{len(ran) - self.tasks} of {self.tasks} commands ran again")

    def printed(self):
        """The last complete document. A coordinator may have been killed after it printed one."""
        for epoch in range(self.epochs, 0, -1):
            try:
                return json.loads((self.directory / f"out-{epoch}").read_text())
            except json.JSONDecodeError:
                pass
        raise AssertionError("no document was printed")


def name_of(process):
    try:
        return pathlib.Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""  # the process has ended


def send(process, name):
    try:
        os.kill(process, getattr(signal, "SIG" + name))
    except ProcessLookupError:
        pass


def main():
    programs, kind, tasks = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else int.from_bytes(os.urandom(4), "big")
    print(f"storm with seed {seed}: {tasks} tasks of {kind}", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        os.environ["XDG_RUNTIME_DIR"] = directory  # for the control sockets
        storm = Storm(programs, pathlib.Path(directory), kind, tasks, random.Random(seed))
        started = time.monotonic()
        try:
            storm.run()
            document = storm.check()
        except BaseException:
            print(*(storm.directory / "err").read_text().splitlines()[-60:], sep="\n")
            for process in storm.processes():
                send(process, "KILL")
            raise
    print(f"{time.monotonic() - started:.1f} s, {storm.epochs} coordinators, {storm.counts}, "
          f"{len(document['workers'])} sessions, {document['attempts']}, {document['reports']}")


if __name__ == "__main__":
    main()
