"""The output of commands: how fast it is collected, and the memory of a long one."""

from measure import Case, Check, at_least, at_most, of, ratio
from row import MEGABYTES, row


@row(
    "output",
    "17. Output of commands",
    "Commands that each write 1 MB, two at a time, to a file: GB a second. Beside them the same with xargs, "
    "which mixes the outputs, and with GNU parallel. Then one command with a long output: the peak memory "
    "of the process of Rollcall that needs most.",
)
def output(bench):
    programs = bench.programs
    commands = bench.size(500, 20)
    gigabytes = bench.size(4, 1)
    arms = {
        "rollcall": lambda: programs.collected_output(commands),
        "keep order": lambda: programs.collected_output(commands, "--keep-order"),
        "xargs": lambda: programs.xargs_output(commands),
    }
    if programs.has_parallel():
        arms["GNU parallel"] = lambda: programs.parallel_output(commands)
    return [
        Case(
            f"{commands} x 1 MB",
            arms,
            [
                *[Check(name, of(name, "rate"), "GB/s") for name in arms],
                Check("over xargs", ratio("rollcall", "xargs", "rate"), "", at_least(0.9)),
                Check("in order, over xargs", ratio("keep order", "xargs", "rate"), "", at_least(0.9)),
            ],
        ),
        Case(
            f"one of {gigabytes} GB",
            {"rollcall": lambda: programs.long_output(gigabytes)},
            [
                Check("rate", of("rollcall", "rate"), "GB/s"),
                Check(
                    "largest process", of("rollcall", "largest_process_bytes", MEGABYTES), "MB", at_most(67.1)
                ),
            ],
            rounds=2,
        ),
    ]
