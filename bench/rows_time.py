"""How fast, how late: rows 1 to 4."""

from measure import Case, Check, at_least, at_most, of, ratio
from row import MEGABYTES, MILLIONS, MILLISECONDS, count_text, row


@row(
    "empty",
    "1. Empty tasks",
    "Tasks that do nothing, 2 workers, first dispatch to last accepted outcome. wire_limit is bare "
    "ZeroMQ, columns and a heap: no acknowledgement, nothing kept, nothing validated.",
)
def empty(bench):
    programs, tasks = bench.programs, bench.size(20_000_000, 2_000_000)

    def case(name, least, insecure, *options):
        return Case(
            f"{count_text(tasks)}, {name}",
            {
                "rollcall": lambda: programs.rollcall(tasks, pause=0, insecure=insecure),
                "wire_limit": lambda: programs.wire_limit(tasks, *options),
            },
            [
                Check("Rollcall", of("rollcall", "rate", MILLIONS), "M/s"),
                Check("wire_limit", of("wire_limit", "rate", MILLIONS), "M/s"),
                Check("of wire_limit", ratio("rollcall", "wire_limit", "rate"), "", at_least(least)),
                Check("Rollcall, CPU of all processes", of("rollcall", "cpu_seconds"), "s"),
            ],
        )

    return [
        case("no CURVE", 0.5, True),
        case("CURVE", 0.35, False, "--curve"),
    ]


@row(
    "sleeps",
    "2. Sleeps of 1 to 10 s, all at once",
    "Overhead over the lower bound, the longest sleep. `whole process` is the wall time from start to "
    "exit, less the longest sleep: with start-up, planning and validation. asyncio at its best has no "
    "prints, no debug mode and no garbage collection; at 10 M it runs out of memory and is not run.",
)
def sleeps(bench):
    pauses, programs = bench.pauses(), bench.programs
    targets = {10_000: 2, 100_000: 5, 1_000_000: 10, 10_000_000: 50}
    sizes = bench.size([10, 100, 1_000, *targets], [100, 1_000, 10_000, 100_000])

    def case(tasks):
        arms = {"rollcall": lambda: programs.rollcall(tasks, pauses=pauses)}
        if tasks <= 1_000_000:
            arms["asyncio"] = lambda: programs.asyncio("best", tasks, pauses)
        if tasks <= bench.size(100_000, 10_000):
            arms["teaching"] = lambda: programs.asyncio("teaching", tasks, pauses)
        names = {"rollcall": "Rollcall", "asyncio": "asyncio, best", "teaching": "asyncio, teaching"}
        target = at_most(targets[tasks]) if tasks in targets else None
        checks = []
        for arm in arms:
            checks += [
                Check(f"{names[arm]}: overhead", of(arm, "overhead_seconds", MILLISECONDS), "ms",
                      target if arm == "rollcall" else None),
                Check(f"{names[arm]}: whole process", of(arm, "process_overhead_seconds", MILLISECONDS),
                      "ms"),
                Check(f"{names[arm]}: CPU of all", of(arm, "cpu_seconds"), "s",
                      at_most(4) if arm == "rollcall" and tasks == 1_000_000 else None),
                Check(f"{names[arm]}: peak memory of all", of(arm, "peak_rss_bytes", MEGABYTES), "MB"),
            ]
        return Case(count_text(tasks), arms, checks, rounds=None if tasks in targets else 3)

    return [case(tasks) for tasks in sizes]


@row(
    "lateness",
    "3. Lateness of each sleep",
    "finished - (started + pause) of all sleeps of a run, beside one process that does nothing but "
    "sleep, with 300 and 100 microseconds between its wake-ups.",
)
def lateness(bench):
    pauses, programs = bench.pauses(), bench.programs
    tasks = bench.size(1_000_000, 100_000)

    def loop(slack):
        return lambda: programs.posix_loop(tasks, pauses, "--slack-ns", slack)

    def figures(arm, name, p50=None, p99=None, cpu=None):
        return [
            Check(f"{name}: p50", of(arm, "lateness_p50_seconds", MILLISECONDS), "ms", p50),
            Check(f"{name}: p99", of(arm, "lateness_p99_seconds", MILLISECONDS), "ms", p99),
            Check(f"{name}: CPU of all", of(arm, "cpu_seconds"), "s", cpu),
        ]

    return [
        Case(
            count_text(tasks),
            {
                "rollcall": lambda: programs.rollcall(tasks, pauses=pauses),
                "loop300": loop(300_000),
                "loop100": loop(100_000),
            },
            figures("rollcall", "Rollcall", at_most(0.4), at_most(1), at_most(4))
            + figures("loop300", "bare loop, 300 us")
            + figures("loop100", "bare loop, 100 us"),
        )
    ]


@row(
    "slots",
    "4. Measured over lower bound, with slots",
    "Equal sleeps on 2 workers with limited slots, beside one process that keeps as many sleeps "
    "running without a network.",
)
def slots(bench):
    programs = bench.programs

    def case(pause_ms, each, most, tasks):
        pause = pause_ms / 1000
        return Case(
            f"{count_text(tasks)} of {pause_ms} ms on 2 x {each} slots",
            {
                "rollcall": lambda: programs.rollcall(tasks, "--slots", each, pause=f"{pause_ms}ms"),
                "loop": lambda: programs.posix_loop(tasks, (pause, pause), "--slots", 2 * each),
            },
            [
                Check("Rollcall", of("rollcall", "over_lower_bound"), "", at_most(most)),
                Check("bare loop", ratio("loop", "loop", "seconds", "lower_bound_seconds")),
                Check("Rollcall: CPU of all", of("rollcall", "cpu_seconds"), "s"),
            ],
        )

    return [
        case(1, 64, 1.15, 50_000),
        case(10, 64, 1.02, bench.size(50_000, 10_000)),
        case(100, 1600, 1.003, bench.size(50_000, 16_000)),
        case(250, 1600, 1.002, bench.size(50_000, 9_600)),
    ]
