"""Runs with a journal: how long a run takes to go on whose coordinator was killed."""

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path

# A resumed run first prints the results again that may be missing; they are not worth parsing.
STARTED = b'{"event":"started",'


class NotReached(Exception):
    """A run timed out."""


def disk_of(program):
    """Journals are written where the programs stand: temporary folders are often no disk."""
    return Path(program).parent


def wait_until(holds, what, seconds=60):
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise NotReached(what)
        time.sleep(0.002)


def accepted(journal):
    """Outcomes that are kept so far."""
    try:
        reader = sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=1)
    except sqlite3.Error:
        return 0
    try:
        return reader.execute("SELECT accepted FROM counters").fetchone()[0]
    except (sqlite3.Error, TypeError):
        return 0
    finally:
        reader.close()


def children_of(process):
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        return [int(pid) for pid in file.read().split()]


def kill_all(pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class HalfDone:
    """A run of so many tasks that is killed when about half of them are kept. Owns a folder, and the
    workers that it leaves."""

    def __init__(self, rollcall, tasks, options, keeps_workers):
        self.rollcall = rollcall
        self.folder = tempfile.mkdtemp(dir=disk_of(rollcall))
        self.journal = Path(self.folder) / "run.journal"
        command = [rollcall, "sleep", "--task-count", tasks, "--seed", 1, "--journal", self.journal]
        command += ["--task-lines", "always", "--output", "jsonl", "--log-level", "info", *options]
        run = subprocess.Popen(
            [str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            wait_until(lambda: accepted(self.journal) >= tasks // 2, "half of the tasks were not done")
            self.workers = children_of(run)
        finally:
            run.kill()
            run.wait()
        self.kept = accepted(self.journal)
        if not keeps_workers:
            kill_all(self.workers)

    def resume(self, adopted):
        """Goes on with it until `adopted` workers are back and a task is known to have begun: seconds
        from the start of `rollcall resume` to either. Ends the run there."""
        begun = time.monotonic()
        run = subprocess.Popen(
            [str(self.rollcall), "resume", str(self.journal)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        backs = []

        def watch():
            for line in run.stderr:
                if b"reconnected with" in line:
                    backs.append(time.monotonic() - begun)

        watcher = threading.Thread(target=watch)
        watcher.start()
        started = None
        try:
            for line in run.stdout:
                if line.startswith(STARTED) and len(backs) >= adopted:
                    started = time.monotonic() - begun
                    break
            self.workers += children_of(run)
        finally:
            run.kill()
            kill_all(self.workers)  # they hold its standard error open
            run.stdout.close()
            run.wait()
            watcher.join()
        if started is None:
            raise NotReached("nothing began after the resume")
        return {"first_start_seconds": started, "adopted_seconds": max(backs, default=0.0)}

    def end(self):
        kill_all(self.workers)
        shutil.rmtree(self.folder, ignore_errors=True)


def resumed(rollcall, tasks, options=(), adopted=0):
    """The figures of one run that was killed half done and went on. `adopted`: workers that live on."""
    run = HalfDone(rollcall, tasks, options, keeps_workers=adopted > 0)
    try:
        return run.resume(adopted) | {"kept": run.kept}
    finally:
        run.end()
