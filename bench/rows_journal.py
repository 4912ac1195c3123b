"""What a journal costs, and how soon a run goes on."""

from measure import Case, Check, at_least, at_most, difference, of
from row import MILLIONS, MILLISECONDS, count_text, row


@row(
    "journal_rate",
    "11. Empty tasks with a journal",
    "With a journal: the time from the first dispatch to the end of the process, without the validation. Each "
    "commit is on disk before its worker gets the acknowledgement.",
)
def journal_rate(bench):
    programs = bench.programs
    tasks = bench.size(10_000_000, 1_000_000)
    return [
        Case(
            f"{count_text(tasks)} tasks",
            {
                "with": lambda: programs.rollcall_journal(tasks, pause=0),
                "without": lambda: programs.rollcall(tasks, pause=0),
            },
            [
                Check("with a journal, kept", of("with", "kept_rate", MILLIONS), "M/s", at_least(0.5)),
                Check("without", of("without", "rate", MILLIONS), "M/s"),
                Check("journal, a task", of("with", "journal_bytes", 1 / tasks), "B"),
            ],
        )
    ]


@row(
    "journal_sleeps",
    "12. Sleeps with a journal",
    "Overhead over the lower bound of sleeps without a limit of slots.",
)
def journal_sleeps(bench):
    programs, pauses = bench.programs, bench.pauses()
    tasks = bench.size(1_000_000, 100_000)
    return [
        Case(
            f"{count_text(tasks)} sleeps",
            {
                "with": lambda: programs.rollcall_journal(tasks, pauses=pauses),
                "without": lambda: programs.rollcall(tasks, pauses=pauses),
            },
            [
                Check("with a journal", of("with", "overhead_seconds", MILLISECONDS), "ms", at_most(30)),
                Check("without", of("without", "overhead_seconds", MILLISECONDS), "ms"),
                Check("more CPU", difference("with", "without", "cpu_seconds"), "s"),
            ],
        )
    ]


@row(
    "resume",
    "13. Going on",
    "A run that was killed half done, from the start of `rollcall resume` to the first task that is known to "
    "have begun (its workers killed too), and to the last worker adopted (its workers alive, each running "
    "500 sleeps).",
)
def resume(bench):
    programs = bench.programs
    tasks = bench.size(1_000_000, 200_000)
    workers = 4

    def gone():
        return programs.resumed(tasks, "--workers", 2, "--pause", 0)

    def alive():
        options = ["--workers", workers, "--slots", 500, "--pause-min", "1ms", "--pause-max", "10ms"]
        return programs.resumed(tasks, *options, adopted=workers)

    return [
        Case(
            f"{count_text(tasks)} tasks",
            {"gone": gone, "alive": alive},
            [
                Check("to the first start, workers gone", of("gone", "first_start_seconds"), "s", at_most(2)),
                Check(f"to {workers} workers adopted", of("alive", "adopted_seconds"), "s"),
            ],
        )
    ]
