"""A measurement: cases with arms that run in turns, and checks of their results."""

from dataclasses import dataclass, field
from statistics import median
from typing import Callable, Optional

# What one run of one program gave: figures by name.
Sample = dict
# One sample of each arm, taken one after the other: A B A B ...
Round = dict


@dataclass(frozen=True)
class Target:
    at_least: Optional[float] = None
    at_most: Optional[float] = None

    def reached(self, value):
        if self.at_least is not None and value < self.at_least:
            return False
        return self.at_most is None or value <= self.at_most

    def text(self):
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}"


def at_least(value):
    return Target(at_least=value)


def at_most(value):
    return Target(at_most=value)


@dataclass(frozen=True)
class Check:
    """One line of the table: `value` of each round; judged by their median."""

    label: str
    value: Callable[[Round], float]
    unit: str = ""
    target: Optional[Target] = None
    because: str = ""  # why the target is not reached, when that is known

    def judge(self, rounds):
        values = [self.value(each) for each in rounds]
        result = {
            "label": self.label,
            "unit": self.unit,
            "median": median(values),
            "min": min(values),
            "max": max(values),
            "target": self.target.text() if self.target else None,
            "reached": self.target.reached(median(values)) if self.target else None,
        }
        if result["reached"] is False and self.because:
            result["because"] = self.because
        return result


@dataclass(frozen=True)
class Case:
    """Programs to be compared: every round runs each arm once, in this order."""

    name: str
    arms: dict  # name -> function that returns a Sample
    checks: list
    rounds: Optional[int] = None  # None: as many as the bench takes
    missing: dict = field(default_factory=dict)  # programs that have no figure here, and why


def of(arm, figure, factor=1.0):
    """A figure of one arm."""
    return lambda each: each[arm][figure] * factor


def ratio(arm, other, figure, other_figure=None):
    """A figure of one arm over that of another in the same round."""
    return lambda each: each[arm][figure] / each[other][other_figure or figure]


def difference(arm, other, figure, factor=1.0):
    return lambda each: (each[arm][figure] - each[other][figure]) * factor


def against_best(arm, others, figure):
    """A figure of one arm over the best of the others in the same round."""
    return lambda each: each[arm][figure] / max(each[other][figure] for other in others)


@dataclass
class Plan:
    """How much is measured."""

    rounds: int = 5
    warm_up: bool = True
    say: Callable[[str], None] = field(default=lambda text: None)


def measure(case, plan):
    """All rounds of a case, the warm-up left out, and what its checks say."""
    rounds = []
    wanted = case.rounds or plan.rounds
    for number in range(0 if plan.warm_up else 1, wanted + 1):
        plan.say(f"{case.name}: " + (f"round {number} of {wanted}" if number else "warming up"))
        samples = {arm: run() for arm, run in case.arms.items()}
        if number > 0:
            rounds.append(samples)
    return {
        "name": case.name,
        "missing": case.missing,
        "checks": [check.judge(rounds) for check in case.checks],
        "rounds": rounds,
    }
