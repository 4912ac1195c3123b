"""Runs of `rollcall exec` whose input is a pipe."""

import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

LINE_BYTES = 60


def first_start(program, count):
    """The median time from a line to the moment that its command prints."""
    command = [program, "exec", "--workers", "1", "--quiet", "--from-json", "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        times = [_asked(process) for _ in range(count + 1)]  # before the first one the worker starts
        process.stdin.close()
    return median(times[1:])


def _asked(process):
    begun = time.time_ns()
    process.stdin.write(b'{"args": ["date", "+%s%N"]}\n')
    process.stdin.flush()
    return (int(process.stdout.readline()) - begun) / 1e9


def spawn_date(count):
    times = []
    for _ in range(count):
        begun = time.time_ns()
        printed = subprocess.run(["date", "+%s%N"], stdout=subprocess.PIPE, check=True).stdout
        times.append((int(printed) - begun) / 1e9)
    return median(times)


def write_lines(path, count):
    with open(path, "wb") as file:
        for first in range(0, count, 100_000):
            numbers = range(first, min(first + 100_000, count))
            file.write(b"".join(b"%0*d\n" % (LINE_BYTES - 1, n) for n in numbers))


def lines_read(program, count, disk, with_journal):
    """The rate at which the lines of a pipe become tasks of a run that has no worker."""
    options = ["--workers", "0", "--join-timeout", "1h"]
    return _streamed(program, count, disk, options, with_journal, "total", count)


def commands_run(program, lines, count, disk):
    """The rate of the first `count` commands of a pipe that has more lines."""
    return _streamed(program, lines, disk, ["--workers", "1"], False, "done", count, poll=1)


def _streamed(program, lines, disk, options, with_journal, tasks, count, poll=0.02):
    """A run until its status counts so many `tasks`."""
    with tempfile.TemporaryDirectory(dir=disk) as folder:
        path, control, journal = (str(Path(folder) / name) for name in ("lines", "control", "journal"))
        write_lines(path, lines)
        command = [program, "exec", "--access-file", str(Path(folder) / "access"), *options]
        command += ["--control", control, "--quiet"]
        command += ["--journal", journal] if with_journal else []
        with subprocess.Popen(["cat", path], stdout=subprocess.PIPE) as cat, subprocess.Popen(
            [*command, "--", "/bin/true"], stdin=cat.stdout, stderr=subprocess.DEVNULL
        ) as process:
            cat.stdout.close()
            begun = time.monotonic()
            while _tasks(program, control).get(tasks, 0) < count:
                time.sleep(poll)
            seconds = time.monotonic() - begun
            rss = _peak_rss(process.pid)
            process.terminate()
        journal_bytes = sum(os.path.getsize(path) for path in Path(folder).glob("journal*"))
    return {"rate": count / seconds, "peak_rss_bytes": rss, "journal_bytes": journal_bytes}


def _tasks(program, control):
    answer = subprocess.run(
        [program, "status", "--control", control, "--output", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return json.loads(answer.stdout)["tasks"] if answer.returncode == 0 else {}


def _peak_rss(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
