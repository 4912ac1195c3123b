"""What it costs, and how that grows: rows 5 to 8."""

from measure import Case, Check, against_best, at_least, at_most, difference, of, ratio
from row import MEGABYTES, MILLIONS, MILLISECONDS, count_text, row


@row(
    "memory",
    "5. Memory",
    "Peak resident memory beyond that of a run of one task, for each task.",
)
def memory(bench):
    pauses, programs = bench.pauses(), bench.programs
    tasks = bench.size(10_000_000, 1_000_000)

    def bytes_per_task(figure):
        return difference("many", "one", figure, 1 / tasks)

    return [
        Case(
            f"{count_text(tasks)} sleeps at once",
            {
                "one": lambda: programs.rollcall(1, pause="10ms"),
                "many": lambda: programs.rollcall(tasks, pauses=pauses),
            },
            [
                Check("coordinator, a task", bytes_per_task("coordinator_rss_bytes"), "B", at_most(40)),
                Check("workers, a running task", bytes_per_task("workers_rss_bytes"), "B", at_most(40)),
            ],
        )
    ]


@row(
    "growth",
    "6. Growth",
    "The rate of empty tasks must not fall with their number or that of the workers: each over the "
    "best at a smaller size.",
)
def growth(bench):
    programs = bench.programs
    sizes = bench.size([1, 10, 20, 50], [1, 2, 5])
    workers = [1, 2, 4, 16, 64]
    tasks = bench.size(20_000_000, 1_000_000)

    def rates(arms):
        return [Check(arm, of(arm, "rate", MILLIONS), "M/s") for arm in arms]

    def falls(arms):
        smaller = list(arms)
        return [
            Check(f"{arm} over the best before", against_best(arm, smaller[:n], "rate"), "", at_least(0.9))
            for n, arm in enumerate(smaller)
            if n > 0
        ]

    by_size = {
        f"{n} M": lambda n=n: programs.rollcall(n * 1_000_000, pause=0) for n in sizes
    }
    by_workers = {
        f"{n} workers": lambda n=n: programs.rollcall(tasks, "--workers", n, pause=0) for n in workers
    }
    return [
        Case("by tasks, 2 workers", by_size, rates(by_size) + falls(by_size)),
        Case(
            f"by workers, {count_text(tasks)} tasks",
            by_workers,
            rates(by_workers)
            + falls(list(by_workers)[:-1])
            + [Check("64 workers over 2", ratio("64 workers", "2 workers", "rate"), "", at_least(0.7))],
        ),
    ]


@row(
    "start",
    "7. The whole process",
    "`rollcall sleep --task-count 1 --pause 0 --workers 1`, from start to exit, beside wire_limit with "
    "one task and one worker.",
)
def start(bench):
    programs = bench.programs
    return [
        Case(
            "one empty task",
            {
                "rollcall": lambda: programs.rollcall(1, "--workers", 1, pause=0),
                "wire_limit": lambda: programs.wire_limit(1, "--workers", 1, "--curve"),
            },
            [
                Check("Rollcall", of("rollcall", "wall_seconds", MILLISECONDS), "ms", at_most(40)),
                Check("wire_limit", of("wire_limit", "wall_seconds", MILLISECONDS), "ms"),
            ],
            rounds=20,
        )
    ]


@row(
    "lines",
    "8. Lines for each task",
    "Wall time of the whole process with `--task-lines always` into a file, less that without.",
)
def lines(bench):
    programs, (low, high) = bench.programs, bench.pauses()
    tasks = bench.size(1_000_000, 200_000)

    def case(name, **pauses):
        return Case(
            f"{count_text(tasks)} {name}",
            {
                "with": lambda: programs.rollcall_lines(tasks, "always", **pauses),
                "without": lambda: programs.rollcall_lines(tasks, "never", **pauses),
            },
            [
                Check("cost of the lines", difference("with", "without", "wall_seconds"), "s", at_most(0.5)),
                Check("the same in CPU", difference("with", "without", "cpu_seconds"), "s"),
                Check("written", of("with", "output_bytes", MEGABYTES), "MB"),
            ],
        )

    return [case("empty tasks", pause=0), case("sleeps", pause_min=low, pause_max=high)]
