"""How each program is run, and what figures it gives."""

import csv
import functools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import journalled
import streamed

HERE = Path(__file__).resolve().parent


class ProgramFailed(Exception):
    pass


def run(command, output=None):
    """Runs a command to its end: its standard output, wall time, and CPU time of all its processes.
    `output`: the file for its standard output, which is not read then."""
    with tempfile.TemporaryFile() as errors, tempfile.TemporaryFile() as kept:
        begun = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output or kept, stderr=errors
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        kept.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            text = errors.read().decode(errors="replace")[-2000:]
            words = " ".join(str(part) for part in command)
            raise ProgramFailed(f"{words}: status {process.returncode}\n{text}")
        usage = {"wall_seconds": wall, "cpu_seconds": used.ru_utime + used.ru_stime}
        usage["largest_process_bytes"] = used.ru_maxrss * 1024
        return kept.read().decode(), usage


@functools.lru_cache(maxsize=None)
def is_gnu_parallel(name):
    """Whether the program is GNU parallel, and not that of moreutils; None if it is not installed."""
    try:
        shown = subprocess.run([name, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return None
    return shown.stdout.startswith(b"GNU parallel")


class Programs:
    """The programs of one build."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def rollcall(self, tasks, *options, pause=None, pauses=None, insecure=False):
        """`rollcall sleep` with 2 workers unless the options say otherwise."""
        command = [self.folder / "rollcall", "sleep", "--task-count", tasks, "--quiet"]
        command += ["--output", "json", "--seed", 1]
        command += ["--pause", pause] if pause is not None else []
        command += ["--pause-min", pauses[0], "--pause-max", pauses[1]] if pauses else []
        command += ["--workers", 2] if "--workers" not in options else []
        command += ["--insecure"] if insecure else []
        text, usage = run(command + list(options))
        return rollcall_sample(json.loads(text), usage)

    def rollcall_journal(self, tasks, *options, **more):
        with tempfile.TemporaryDirectory(dir=journalled.disk_of(self.folder / "rollcall")) as folder:
            journal = Path(folder) / "run.journal"
            sample = self.rollcall(tasks, "--journal", journal, *options, **more)
            # The last commits follow the measured time, so count the wall time less its other parts.
            parts = ("startup_seconds", "planning_seconds", "validation_seconds")
            kept = sample["wall_seconds"] - sum(sample[part] for part in parts)
            return sample | {"journal_bytes": os.path.getsize(journal), "kept_rate": tasks / kept}

    def resumed(self, tasks, *options, adopted=0):
        try:
            return journalled.resumed(self.folder / "rollcall", tasks, options, adopted)
        except journalled.NotReached as error:
            raise ProgramFailed(str(error)) from error

    def rollcall_lines(self, tasks, lines, **pauses):
        """With text output to a file: only the time of the whole process is known."""
        command = [self.folder / "rollcall", "sleep", "--task-count", tasks, "--quiet", "--seed", 1]
        command += ["--workers", 2, "--task-lines", lines]
        for name, value in pauses.items():
            command += ["--" + name.replace("_", "-"), value]
        with tempfile.NamedTemporaryFile() as output:
            _, usage = run(command, output)
            return usage | {"output_bytes": os.path.getsize(output.name)}

    def round_trip(self, tasks):
        """One empty task after the other through one worker: the time between two finishes."""
        with tempfile.TemporaryDirectory() as folder:
            rows = Path(folder) / "rows.csv"
            sample = self.rollcall(
                tasks, "--workers", 1, "--slots", 1, "--prefetch", 0, "--results", rows, pause=0
            )
            return sample | {"p50_seconds": median(gaps(rows))}

    def reference(self, name, *options):
        text, usage = run([self.folder / name, *options])
        return usage | numbers(json.loads(text))

    def rollcall_exec(self, count, slots):
        """`rollcall exec` of /bin/true by one worker."""
        command = [self.folder / "rollcall", "exec", "--range", f"1-{count}", "--slots", slots, "--quiet"]
        text, usage = run(command + ["--workers", 1, "--output", "json", "--", "/bin/true"])
        return rollcall_sample(json.loads(text), usage)

    def first_start(self, count):
        return {"p50_seconds": streamed.first_start(self.folder / "rollcall", count)}

    def spawn_date(self, count):
        return {"p50_seconds": streamed.spawn_date(count)}

    def lines_read(self, count, journal=False):
        program = self.folder / "rollcall"
        return streamed.lines_read(program, count, journalled.disk_of(program), journal)

    def commands_run(self, lines, count):
        program = self.folder / "rollcall"
        return streamed.commands_run(program, lines, count, journalled.disk_of(program))

    def lines_counted(self, count):
        with tempfile.NamedTemporaryFile() as lines:
            streamed.write_lines(lines.name, count)
            return self.shell(f"cat {lines.name} | wc -l", count)

    def spawn_limit(self, kind, slots, count):
        text, usage = run([self.folder / "spawn_limit", kind, slots, count])
        words = dict(word.split("=") for word in text.split() if "=" in word)
        return usage | {"rate": float(words["per_second"])}

    def xargs(self, count, slots):
        script = f"seq {count} | xargs -n 1 -P {slots} /bin/true"
        return self.shell(script, count)

    def gnu_parallel(self, count, slots):
        return self.shell(f"seq {count} | parallel --will-cite -j {slots} /bin/true", count)

    def collected_output(self, count, *options):
        """`rollcall exec` of commands that write 1 MB each, to a file. The rate is in GB a second."""
        command = [self.folder / "rollcall", "exec", "--range", f"1-{count}", "--slots", 2, "--quiet"]
        command += ["--workers", 1, *options, "--", "head", "-c", 1_000_000, "/dev/zero"]
        return self.written(command, count / 1000)

    def xargs_output(self, count):
        return self.written(
            ["sh", "-c", f"seq {count} | xargs -n 1 -P 2 sh -c 'exec head -c 1000000 /dev/zero'"], count / 1000
        )

    def parallel_output(self, count):
        return self.written(
            ["sh", "-c", f"seq {count} | parallel --will-cite -j 2 'head -c 1000000 /dev/zero #'"], count / 1000
        )

    def long_output(self, gigabytes):
        """One command with a long output."""
        command = [self.folder / "rollcall", "exec", "--range", "1-1", "--workers", 1, "--quiet"]
        return self.written([*command, "--", "head", "-c", gigabytes * 10**9, "/dev/zero"], gigabytes)

    def written(self, command, gigabytes):
        with tempfile.NamedTemporaryFile() as output:
            _, usage = run(command, output)
            if os.path.getsize(output.name) != round(gigabytes * 1e9):
                raise RuntimeError(f"{command} has written {os.path.getsize(output.name)} bytes")
        return usage | {"rate": gigabytes / usage["wall_seconds"]}

    def has_parallel(self):
        return is_gnu_parallel("parallel")

    def shell(self, script, count):
        _, usage = run(["sh", "-c", script])
        return usage | {"rate": count / usage["wall_seconds"]}

    def wire_limit(self, tasks, *options):
        return self.reference("wire_limit", "--tasks", tasks, *options)

    def posix_loop(self, tasks, pauses, *options):
        low, high = (round(1e9 * pause) for pause in pauses)
        return self.reference(
            "posix_loop", "--tasks", tasks, "--pause-min-ns", low, "--pause-max-ns", high, *options
        )

    def asyncio(self, mode, tasks, pauses):
        script = [sys.executable, HERE / "asyncio_reference.py", "--mode", mode, "--tasks", tasks]
        with tempfile.NamedTemporaryFile() as output:
            _, usage = run([*script, "--pause-min", pauses[0], "--pause-max", pauses[1]], output)
            sample = usage | numbers(json.loads(last_line(output.name)))
        sample["process_overhead_seconds"] = sample["wall_seconds"] - sample["longest_seconds"]
        return sample

    def micro_benchmarks(self):
        """Their names; none if they were not built."""
        program = self.folder / "core_bench"
        if not program.exists():
            return []
        return run([program, "--benchmark_list_tests"])[0].split()

    def micro(self, seconds):
        """ns a task of each micro-benchmark."""
        command = [self.folder / "core_bench", "--benchmark_format=json"]
        text, _ = run(command + [f"--benchmark_min_time={seconds}"])
        found = json.loads(text)["benchmarks"]
        return {each["name"]: 1e9 / each["items_per_second"] for each in found}


def numbers(document):
    return {k: v for k, v in document.items() if isinstance(v, (int, float))}


def last_line(path):
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - 4096))
        return file.read().splitlines()[-1]


def gaps(rows):
    """Seconds between the finishes of neighbours, the first tenth left out."""
    with open(rows, newline="") as file:
        finished = [float(row["finished_seconds"]) for row in csv.DictReader(file)]
    between = [b - a for a, b in zip(finished, finished[1:])]
    return between[len(between) // 10 :]


def rollcall_sample(document, usage):
    """The figures of one run. `usage`: of the whole process tree."""
    if not document["validated"]:
        raise ProgramFailed(f"a run was not valid: {document['failed_checks']}")
    used = [worker["resources"] for worker in document["workers"] if worker["resources"]]
    coordinator = document["resources"]
    measured = document["measured_seconds"]
    lateness = document["lateness_seconds"] or {"p50": 0, "p99": 0}  # commands have none
    return usage | {
        "tasks": document["task_count"],
        "measured_seconds": measured,
        "lower_bound_seconds": document["lower_bound_seconds"],
        "overhead_seconds": document["overhead_seconds"],
        "startup_seconds": document["startup_seconds"],
        "planning_seconds": document["planning_seconds"],
        "validation_seconds": document["validation_seconds"],
        "process_overhead_seconds": usage["wall_seconds"] - document["lower_bound_seconds"],
        "rate": document["task_count"] / measured if measured > 0 else 0,
        "over_lower_bound": measured / (document["lower_bound_seconds"] or measured or 1),
        "lateness_p50_seconds": lateness["p50"],
        "lateness_p99_seconds": lateness["p99"],
        "coordinator_cpu_seconds": coordinator["cpu_seconds"],
        "coordinator_rss_bytes": coordinator["peak_rss_bytes"],
        "workers_cpu_seconds": sum(each["cpu_seconds"] for each in used),
        "workers_rss_bytes": sum(each["peak_rss_bytes"] for each in used),
        "peak_rss_bytes": coordinator["peak_rss_bytes"] + sum(each["peak_rss_bytes"] for each in used),
    }
