"""The parts alone: rows 9 and 10, and the micro-benchmarks."""

from measure import Case, Check, at_most, of, ratio
from row import count_text, row


@row(
    "round_trip",
    "9. Round trip",
    "One empty task after the other through one worker with one slot and nothing sent ahead: the time "
    "between two finishes. Beside it a message of 64 bytes through bare ROUTER and DEALER sockets, and "
    "through Rollcall's own socket class on an event loop; all with CURVE.",
)
def round_trip(bench):
    programs, rounds = bench.programs, bench.size(20_000, 5_000)

    def ping_pong(*options):
        return lambda: programs.reference("ping_pong", "--rounds", rounds, "--curve", *options)

    return [
        Case(
            "p50, CURVE",
            {
                "rollcall": lambda: programs.round_trip(rounds),
                "bare": ping_pong(),
                "on_loop": ping_pong("--on-loop"),
            },
            [
                Check("Rollcall", of("rollcall", "p50_seconds", 1e6), "us"),
                Check("bare ZeroMQ", of("bare", "p50_seconds", 1e6), "us"),
                Check("socket class on a loop", of("on_loop", "p50_seconds", 1e6), "us"),
                Check("over bare ZeroMQ", ratio("rollcall", "bare", "p50_seconds"), "", at_most(1.5)),
                Check("over the socket class", ratio("rollcall", "on_loop", "p50_seconds")),
            ],
        )
    ]


@row(
    "cluster",
    "10. A simulated cluster",
    "Time inside the coordinator's core for each task, sessions that only answer, virtual time. "
    "Sessions say a heartbeat a second.",
)
def cluster(bench):
    programs, tasks = bench.programs, bench.size(10_000_000, 1_000_000)
    sizes = [10, 100, 1_000, 10_000]

    def run(sessions):
        return lambda: programs.reference("simulated_cluster", "--sessions", sessions, "--tasks", tasks)

    return [
        Case(
            f"{count_text(tasks)} tasks",
            {str(n): run(n) for n in sizes},
            [Check(f"{n} sessions", of(str(n), "core_ns_per_task"), "ns/task") for n in sizes]
            + [Check("10,000 over 10 sessions", ratio("10000", "10", "core_ns_per_task"), "", at_most(1.3))],
        )
    ]


@row(
    "cores",
    "Where a nanosecond goes",
    "Micro-benchmarks of the cores and the codec (`bench/core_bench.cc`), in batches of 1,000.",
)
def cores(bench):
    programs = bench.programs
    names = programs.micro_benchmarks()
    if not names:
        return []
    return [
        Case(
            "batches of 1,000",
            {"core_bench": lambda: programs.micro(bench.size(0.5, 0.05))},
            [Check(name.replace("/manual_time", ""), of("core_bench", name), "ns/task") for name in names],
        )
    ]
