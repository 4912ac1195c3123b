"""GNU parallel, xargs and the parallel of moreutils, and the same work for each of them and for Rollcall."""

import contextlib
import functools
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from programs import ProgramFailed, is_gnu_parallel, run

SLOTS = 2
ROLLCALL, GNU, XARGS, MOREUTILS = "Rollcall", "GNU parallel", "xargs", "moreutils"
PACKAGES = {GNU: "parallel", XARGS: "findutils", MOREUTILS: "moreutils"}
KEEP_ORDER = ("-k",)

FIRST_START_SECONDS = 10  # the longest time that a program gets to start its first command
READING_SECONDS = 60  # the longest time that a program gets to read its input
STILL_SECONDS = 2  # a program that has read nothing for this long reads no more


@dataclass(frozen=True)
class Peer:
    """A program that runs a command for each line of its input."""

    name: str
    start: tuple  # the words before the command
    processes: tuple = ()  # names of its processes, without the commands
    takes_lines: bool = True  # on standard input; otherwise on the command line, after "--"
    keeps_order: bool = False
    loses_output: bool = False  # the parallel of moreutils 0.67 drops the end of the last output

    def words(self, command, lines=(), options=()):
        words = [*self.start, *options, *command]
        return words if self.takes_lines else [*words, "--", *lines]

    def run(self, command, lines, options=(), output=None):
        """Runs `command` for each of `lines`, which come through a pipe if possible."""
        words = self.words(command, lines, options)
        if not self.takes_lines:
            return run(words, output)[1]
        with tempfile.NamedTemporaryFile("w") as file:
            file.writelines(line + "\n" for line in lines)
            file.flush()
            return run(["sh", "-c", 'cat "$0" | exec "$@"', file.name, *words], output)[1]


@functools.lru_cache(maxsize=None)
def moreutils_parallel():
    """Its name, which Debian changes if GNU parallel is installed too; None if it is not installed."""
    for name in ("parallel.moreutils", "parallel"):
        if is_gnu_parallel(name) is False:
            return name
    return None


def installed(rollcall):
    """The programs of this machine, by name."""
    slots = ("-j", str(SLOTS))
    start = (str(rollcall), "exec", *slots)
    found = [Peer(ROLLCALL, start, ("rollcall", "rollcall-worker"), keeps_order=True)]
    if is_gnu_parallel("parallel"):
        start = ("parallel", "--will-cite", *slots)
        found.append(Peer(GNU, start, ("parallel", "perl"), keeps_order=True))
    found.append(Peer(XARGS, ("xargs", "-n", "1", "-P", str(SLOTS)), ("xargs",)))
    if moreutils_parallel():
        found.append(Peer(MOREUTILS, (moreutils_parallel(), *slots), takes_lines=False, loses_output=True))
    return {peer.name: peer for peer in found}


def not_installed(found):
    """Why the other programs have no figures, by name."""
    return {
        name: f"not installed: apt-get install {package}"
        for name, package in PACKAGES.items()
        if name not in found
    }


def numbers(count):
    return [str(n) for n in range(1, count + 1)]


def short_commands(peer, count):
    """Commands that do nothing."""
    return with_rate(peer.run(["true"], numbers(count)), count)


def large_output(peer, count):
    """Commands that each write 1 MB; GB a second, and how much of it is missing."""
    with tempfile.NamedTemporaryFile() as output:
        usage = peer.run(["head", "-c", "1000000"], ["/dev/zero"] * count, output=output)
        lost = count * 1_000_000 - os.path.getsize(output.name)
        expect(peer, lost == 0 or peer.loses_output, f"{lost} bytes of the output are missing")
    return with_rate(usage, count / 1000) | {"lost_bytes": lost}


def ordered_output(peer, count, every):
    """Commands that each write 10 kB, printed in order, one in `every` after 0.5 s."""
    text = f'[ $(($1 % {every})) != 1 ] || sleep 0.5\nprintf "%09999d\\n" "$1"\n'
    with script(text) as path, tempfile.NamedTemporaryFile() as output:
        usage = peer.run(["sh", path], numbers(count), KEEP_ORDER, output)
        printed = [int(line[-9:]) for line in Path(output.name).read_text().split()]
        expect(peer, printed == list(range(1, count + 1)), "the output is not in order")
    return with_rate(usage, count)


def compressed_files(peer, count):
    """gzip of files of 1 MB."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / f"{n}.txt") for n in range(count)]
        for n, path in enumerate(paths):
            Path(path).write_text("".join(f"{k * k % 999_999_937:09}\n" for k in range(n, n + 100_000)))
        usage = peer.run(["gzip", "-k"], paths)
        expect(peer, len(list(Path(folder).glob("*.gz"))) == count, "files are missing")
    return with_rate(usage, count)


def first_start(peer, idle_seconds, count):
    """The median time from the first line of a pipe that stays open to the start of its command. The program
    was started `idle_seconds` before the line is written."""
    with script('date +%s%N > "$1"\n') as path:
        return {"p50_seconds": median(first_start_once(peer, path, idle_seconds) for _ in range(count))}


def first_start_once(peer, path, idle_seconds):
    with tempfile.TemporaryDirectory() as folder:
        stamp = Path(folder) / "started"
        begun = time.time_ns()
        with subprocess.Popen(
            peer.words(["sh", path]),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            if idle_seconds:
                time.sleep(idle_seconds)
                begun = time.time_ns()
            process.stdin.write(f"{stamp}\n".encode())
            process.stdin.flush()
            end = time.monotonic() + FIRST_START_SECONDS
            while not (stamp.exists() and stamp.read_text().endswith("\n")) and time.monotonic() < end:
                time.sleep(0.01)
            started = stamp.exists()
            process.stdin.close()
        expect(peer, started, f"no command was started within {FIRST_START_SECONDS} s")
        return (int(stamp.read_text()) - begun) / 1e9


def memory(peer, count):
    """The peak memory of the processes of the program, without the commands, with `count` lines on a pipe: when
    its first commands run and it reads no more. `lines_read`: how many lines it has taken from the pipe."""
    text = "".join(f"{n}\n" for n in range(1, count + 1)).encode()
    with script("exec sleep 1000\n") as path, subprocess.Popen(
        peer.words(["sh", path]),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        feed = Feed(process.stdin, text)
        try:
            return wait_until_read(peer, process.pid, feed)
        finally:
            end_all(process)
            feed.join()


class Feed(threading.Thread):
    """Writes a text into a pipe as fast as it is read."""

    def __init__(self, pipe, text):
        super().__init__(daemon=True)
        self.pipe, self.text, self.written = pipe, text, 0
        self.start()

    def run(self):
        try:
            while self.written < len(self.text):
                self.written += os.write(self.pipe.fileno(), self.text[self.written : self.written + 4096])
            self.pipe.close()
        except OSError:
            pass  # the program has been ended


def wait_until_read(peer, pid, feed):
    before, since = -1, time.monotonic()
    end = since + READING_SECONDS
    while time.monotonic() < end:
        own, commands = processes_of(peer, pid)
        if feed.written != before or len(commands) < SLOTS:
            before, since = feed.written, time.monotonic()
        elif time.monotonic() - since > STILL_SECONDS:
            lines = feed.text[: feed.written].count(b"\n")
            return {"peak_rss_bytes": sum(peak_rss(each) for each in own), "lines_read": lines}
        time.sleep(0.1)
    raise ProgramFailed(f"{peer.name} was still reading its input after {READING_SECONDS} s")


def processes_of(peer, pid):
    """The process `pid` and its descendants: those of the program itself, and the others."""
    own, commands = [], []
    for each in [pid, *descendants(pid)]:
        (own if name_of(each) in peer.processes else commands).append(each)
    return own, commands


def descendants(pid):
    found = []
    try:
        for path in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in path.read_text().split():
                found += [int(child), *descendants(int(child))]
    except OSError:
        pass  # it has ended
    return found


def name_of(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def peak_rss(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def end_all(process):
    """Ends a program and then its commands."""
    pids = [process.pid, *descendants(process.pid)]
    for sent in (signal.SIGTERM, signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            try:
                os.kill(pid, sent)
            except ProcessLookupError:
                pass
        try:
            process.wait(5)
            return
        except subprocess.TimeoutExpired:
            pass


@contextlib.contextmanager
def script(text):
    """A file with commands for the shell."""
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as file:
        file.write(text)
        file.flush()
        yield file.name


def with_rate(usage, amount):
    return usage | {"rate": amount / usage["wall_seconds"]}


def expect(peer, holds, what):
    if not holds:
        raise ProgramFailed(f"{peer.name}: {what}")
