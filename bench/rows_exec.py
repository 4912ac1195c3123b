"""Real commands: the rate at which they can be run."""

from measure import Case, Check, at_least, of, ratio
from row import row


@row(
    "commands",
    "14. Commands",
    "`/bin/true` a second, one worker: over a bare loop that keeps as many children in flight, with two "
    "pipes, a process group and a pidfd for each child (full) and without (bare). Beside them, with fewer "
    "commands, what xargs and GNU parallel do.",
)
def commands(bench):
    programs = bench.programs
    count = bench.size(10_000, 1_000)
    few = bench.size(1_000, 200)

    def case(slots):
        arms = {
            "full": lambda: programs.spawn_limit("full", slots, count),
            "rollcall": lambda: programs.rollcall_exec(count, slots),
            "bare": lambda: programs.spawn_limit("bare", slots, count),
            "xargs": lambda: programs.xargs(few, slots),
        }
        if programs.has_parallel():
            arms["GNU parallel"] = lambda: programs.gnu_parallel(few, slots)
        others = [name for name in arms if name not in ("full", "rollcall", "bare")]
        return Case(
            f"{slots} slots",
            arms,
            [
                Check("rollcall", of("rollcall", "rate"), "/s"),
                Check("over the full loop", ratio("rollcall", "full", "rate"), "", at_least(0.9)),
                Check("over the bare loop", ratio("rollcall", "bare", "rate"), "", at_least(0.75)),
                Check("full loop", of("full", "rate"), "/s"),
                Check("bare loop", of("bare", "rate"), "/s"),
                *[Check(name, of(name, "rate"), "/s") for name in others],
            ],
        )

    return [case(2), case(4)]
