"""Beside GNU parallel, xargs and the parallel of moreutils: the same work for each."""

from functools import partial

import peers
from measure import Case, Check, at_least, at_most, of, ratio
from row import MEGABYTES, MILLISECONDS, count_text, row

NO_INPUT = "takes its input from the command line only"
NO_ORDER = "does not keep the order of output"


def beside(name, found, measure, figure, unit, factor=1.0, less_is_better=False, missing=None):
    """A case in which each program does the same work. Rollcall is compared with each of the others."""
    missing = missing or {}
    able = {each: peer for each, peer in found.items() if each not in missing}
    others = [each for each in able if each != peers.ROLLCALL]
    word, target = ("of", at_most(1)) if less_is_better else ("over", at_least(1))
    return Case(
        name,
        {each: partial(measure, peer) for each, peer in able.items()},
        [
            *[Check(each, of(each, figure, factor), unit) for each in able],
            *[Check(f"{word} {each}", ratio(peers.ROLLCALL, each, figure), "", target) for each in others],
        ],
        missing=peers.not_installed(found) | {each: why for each, why in missing.items() if each in found},
    )


@row(
    "parallel",
    "18. Beside GNU parallel, xargs and moreutils",
    "Each program runs the same commands, two at a time, for the lines of a pipe; moreutils' parallel takes them "
    "from its command line. `over` and `of` are the figure of Rollcall divided by that of the other: the target is "
    "reached if Rollcall is at least as good. xargs mixes the output of commands, and the others do not. First "
    "start: from the first line, with the pipe still open, to the time that its command, `date`, prints; once with "
    "a program that waits for its input, and once from the start of the program. Memory: the peaks of all processes "
    "of the program, added up, when it runs its first two commands and reads no more; Rollcall then has all lines, "
    "to show their number, and the others have read a few.",
    tuple(peers.PACKAGES.values()),
)
def parallel(bench):
    found = peers.installed(bench.programs.folder / "rollcall")
    return [*throughput(bench, found), *first_starts(bench, found), memory(bench, found)]


def throughput(bench, found):
    short = bench.size(5_000, 200)
    large = bench.size(500, 20)
    ordered, every = bench.size(2_000, 200), bench.size(200, 50)
    files = bench.size(200, 10)
    no_order = {name: NO_ORDER for name, peer in found.items() if not peer.keeps_order}
    return [
        beside(f"{short} x true", found, partial(peers.short_commands, count=short), "rate", "/s"),
        large_output(found, large),
        beside(
            f"-k: {ordered} x 10 kB, one in {every} after 0.5 s",
            found,
            partial(peers.ordered_output, count=ordered, every=every),
            "rate",
            "/s",
            missing=no_order,
        ),
        beside(f"gzip of {files} x 1 MB", found, partial(peers.compressed_files, count=files), "rate", "/s"),
    ]


def large_output(found, count):
    measure = partial(peers.large_output, count=count)
    case = beside(f"{count} x 1 MB to a file", found, measure, "rate", "GB/s")
    losing = [name for name, peer in found.items() if peer.loses_output]
    case.checks.extend(Check(f"{name}: output lost", of(name, "lost_bytes"), "B") for name in losing)
    return case


def first_starts(bench, found):
    """From the first line to the start of its command."""
    count = bench.size(5, 1)
    return [
        beside(
            name,
            found,
            partial(peers.first_start, idle_seconds=idle, count=count),
            "p50_seconds",
            "ms",
            MILLISECONDS,
            less_is_better=True,
            missing=without_input(found),
        )
        for name, idle in (("first start", 1), ("first start, with that of the program", 0))
    ]


def memory(bench, found):
    lines = bench.size(1_000_000, 100_000)
    case = beside(
        f"memory, {count_text(lines)} lines",
        found,
        partial(peers.memory, count=lines),
        "peak_rss_bytes",
        "MB",
        MEGABYTES,
        less_is_better=True,
        missing=without_input(found),
    )
    case.checks.extend(Check(f"{name}: lines read", of(name, "lines_read")) for name in case.arms)
    return case


def without_input(found):
    return {name: NO_INPUT for name, peer in found.items() if not peer.takes_lines}
