#!/usr/bin/env python3
"""A storm over a run with a journal: every 200 ms one of its processes is killed, stopped for a while
or told to end, the coordinator too, which is then gone on with. At the end every task has one result.

    storm_test.py PROGRAMS sleep|exec TASKS [SEED]

PROGRAMS: the folder with rollcall and rollcall-worker. The seed chooses victims and what befalls
them, as far as the machine runs alike. With exec the tasks are commands that each append their
number to a file under a lock: some run twice, which is told, but none has two results."""
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
STOPPED_FOR = 1.5  # seconds, at most
TOO_LONG = 600  # seconds without an end are a failure
ORPHAN_FOR = 15  # seconds that a worker waits for a coordinator to come back
MARK = "STORM_TEST"  # not an option of Rollcall: workers inherit it


class Storm:
    def __init__(self, programs, folder, kind, tasks, chance):
        self.rollcall = str(pathlib.Path(programs).resolve() / "rollcall")
        self.folder = folder
        self.kind = kind
        self.tasks = tasks
        self.chance = chance
        self.journal = str(folder / "run.journal")
        self.results = str(folder / "results.csv")
        self.effects = folder / "effects"
        self.said = {"KILL": 0, "STOP": 0, "TERM": 0, "coordinators": 0}
        self.epochs = 0

    def start(self, *arguments):
        self.epochs += 1
        with open(self.folder / f"out-{self.epochs}", "w") as out, open(self.folder / "err", "a") as err:
            return subprocess.Popen([self.rollcall, *arguments], stdout=out, stderr=err,
                                    env={**os.environ, MARK: str(self.folder)})

    def begin(self):
        common = ["-w", str(WORKERS), "--worker-restarts", "unlimited", "--max-losses", "100",
                  "--orphan-for", f"{ORPHAN_FOR}s", "--output", "json", "--results", self.results, "--journal", self.journal]
        if self.kind == "sleep":
            return self.start("sleep", "-n", str(self.tasks), "--pause-min", "10ms", "--pause-max",
                              "500ms", "-j", "250", "--seed", "1", *common)
        return self.start("exec", "--range", f"0-{self.tasks - 1}", "-j", "20", *common, "--shell", "--",
                          "n={}; sleep 0.$((1 + n % 4)); "
                          f"flock {self.effects}.lock sh -c \"echo $n >> {self.effects}\"")

    def victims(self):
        """The coordinator and the workers: what befalls a command is its own result."""
        return [p for p in self.processes() if name_of(p) in ("rollcall", "rollcall-worker")]

    def processes(self):
        """Every process of the run that lives, by its environment."""
        mark = f"{MARK}={self.folder}".encode()
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and mark in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
            except OSError:
                pass  # it has ended meanwhile
        return sorted(found)

    def strike(self, coordinator):
        # One of as many as there should be: where nobody is, the blow misses. A coordinator that is
        # alone would else be struck before it has read its journal, again and again.
        victims = [coordinator.pid] + [p for p in self.victims() if p != coordinator.pid]
        chosen = self.chance.randrange(max(len(victims), 1 + WORKERS))
        if chosen >= len(victims):
            return
        victim = victims[chosen]
        blow = self.chance.choice(["KILL", "STOP", "TERM"])
        self.said[blow] += 1
        self.said["coordinators"] += victim == coordinator.pid
        hit(victim, blow)
        if blow == "STOP":
            threading.Timer(self.chance.uniform(0, STOPPED_FOR), hit, [victim, "CONT"]).start()

    def run(self):
        coordinator = self.begin()
        end = time.monotonic() + TOO_LONG
        while True:
            assert time.monotonic() < end, "the run does not end"
            try:
                status = coordinator.wait(EVERY)
            except subprocess.TimeoutExpired:
                self.strike(coordinator)
                continue
            if status == 0:
                return
            assert status in (-signal.SIGKILL, -signal.SIGTERM, 128 + signal.SIGTERM), f"status {status}"
            # Killed before there was a journal: nothing was begun.
            kept = os.path.exists(self.journal)
            coordinator = self.start("resume", self.journal) if kept else self.begin()

    # What must hold at the end.

    def check(self):
        self.wait_for_orphans()
        rows = list(csv.DictReader(open(self.results)))
        assert sorted(int(row["task"]) for row in rows) == list(range(self.tasks)), "not every task once"
        assert all(row["outcome"] == "succeeded" for row in rows), "a task did not succeed"
        database = sqlite3.connect(f"file:{self.journal}?mode=ro", uri=True)
        kept = database.execute("SELECT task, attempt, worker FROM result").fetchall()
        told = [(int(row["task"]), int(row["attempt"]), row["worker"]) for row in rows]
        assert kept == told, "the journal and the results differ"
        validated = subprocess.run([self.rollcall, "validate", self.journal], text=True,
                                   capture_output=True)
        assert validated.returncode == 0, validated.stderr
        report = subprocess.run([self.rollcall, "report", self.journal, "--output", "json"],
                                text=True, capture_output=True, check=True)
        document = self.printed()
        assert json.loads(report.stdout) == document, "the report is not what was printed"
        assert document["validated"] and document["outcomes"]["succeeded"] == self.tasks
        if self.kind == "exec":
            self.check_effects()
        return document

    def wait_for_orphans(self):
        """A worker whose coordinator was killed, and that found the next one gone already, waits for
        one more in vain, and then ends."""
        end = time.monotonic() + ORPHAN_FOR + 2 * STOPPED_FOR + 10
        while left := self.processes():
            assert time.monotonic() < end, f"processes are left: {left}"
            time.sleep(0.05)

    def check_effects(self):
        ran = [int(line) for line in self.effects.read_text().split()]
        assert set(ran) == set(range(self.tasks)), "a task has no effect"
        print(f"{len(ran) - self.tasks} of {self.tasks} commands ran once more")

    def printed(self):
        """The last whole document: a coordinator may be killed after it has printed one."""
        for epoch in range(self.epochs, 0, -1):
            try:
                return json.loads((self.folder / f"out-{epoch}").read_text())
            except json.JSONDecodeError:
                pass
        raise AssertionError("no document was printed")


def name_of(process):
    try:
        return pathlib.Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return ""  # it has ended meanwhile


def hit(process, blow):
    try:
        os.kill(process, getattr(signal, "SIG" + blow))
    except ProcessLookupError:
        pass


def main():
    programs, kind, tasks = sys.argv[1], sys.argv[2], int(sys.argv[3])
    seed = int(sys.argv[4]) if len(sys.argv) > 4 else int.from_bytes(os.urandom(4), "big")
    print(f"storm with seed {seed}: {tasks} tasks of {kind}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        storm = Storm(programs, pathlib.Path(folder), kind, tasks, random.Random(seed))
        began = time.monotonic()
        try:
            storm.run()
            document = storm.check()
        except BaseException:
            print(*(storm.folder / "err").read_text().splitlines()[-60:], sep="\n")
            for process in storm.processes():
                hit(process, "KILL")
            raise
    print(f"{time.monotonic() - began:.1f} s, {storm.epochs} coordinators, {storm.said}, "
          f"{len(document['workers'])} sessions, {document['attempts']}, {document['reports']}")


if __name__ == "__main__":
    main()
