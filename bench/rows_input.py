"""Streamed input: how fast it is read, and how soon its tasks start."""

from measure import Case, Check, at_least, at_most, of
from row import MEGABYTES, MILLIONS, MILLISECONDS, count_text, row


@row(
    "input",
    "16. Streamed input",
    "Lines of 60 bytes on a pipe. First start: from the write of a line to the time that its command, `date`, "
    "prints, with one idle worker; beside it the same for a bare spawn of `date`. Lines read: without a worker, "
    "until all lines are tasks; with a journal, until they are committed. Commands: `/bin/true` for the first lines "
    "of a pipe that has more.",
)
def streamed_input(bench):
    programs = bench.programs
    lines = bench.size(20, 5)
    few = bench.size(1_000_000, 100_000)
    many = bench.size(10_000_000, 200_000)
    executed = bench.size(1_000_000, 1_000)
    return [
        Case(
            "first start",
            {
                "rollcall": lambda: programs.first_start(lines),
                "spawn": lambda: programs.spawn_date(lines),
            },
            [
                Check("Rollcall", of("rollcall", "p50_seconds", MILLISECONDS), "ms", at_most(5)),
                Check("spawn", of("spawn", "p50_seconds", MILLISECONDS), "ms"),
            ],
        ),
        Case(
            f"{count_text(few)} lines",
            {
                "rollcall": lambda: programs.lines_read(few),
                "wc": lambda: programs.lines_counted(few),
            },
            [
                Check("Rollcall", of("rollcall", "rate", MILLIONS), "M/s", at_least(2)),
                Check("wc -l", of("wc", "rate", MILLIONS), "M/s"),
                Check("coordinator", of("rollcall", "peak_rss_bytes", MEGABYTES), "MB"),
            ],
        ),
        Case(
            f"{count_text(many)} lines, journal",
            {"rollcall": lambda: programs.lines_read(many, journal=True)},
            [
                Check("Rollcall", of("rollcall", "rate", MILLIONS), "M/s"),
                Check("coordinator", of("rollcall", "peak_rss_bytes", MEGABYTES), "MB", at_most(200)),
                Check("journal", of("rollcall", "journal_bytes", MEGABYTES), "MB"),
            ],
            rounds=2,
        ),
        Case(
            f"{count_text(executed)} commands of {count_text(many)} lines",
            {"rollcall": lambda: programs.commands_run(many, executed)},
            [
                Check("Rollcall", of("rollcall", "rate"), "commands/s"),
                Check("coordinator", of("rollcall", "peak_rss_bytes", MEGABYTES), "MB", at_most(209.7)),
            ],
            rounds=1,
        ),
    ]
