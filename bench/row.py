"""What a row of the bench is, and the list of them all."""

from dataclasses import dataclass
from typing import Callable

MILLISECONDS = 1e3
MEGABYTES = 1e-6
MILLIONS = 1e-6


@dataclass(frozen=True)
class Row:
    name: str
    title: str
    about: str
    cases: Callable
    packages: tuple = ()  # Debian packages of the programs that it compares with


@dataclass(frozen=True)
class Bench:
    """What a row is given: the programs, and which of two sizes to use."""

    programs: object
    quick: bool

    def size(self, full, quick):
        return quick if self.quick else full

    def pauses(self):
        """Shortest and longest sleep, in seconds."""
        return (0.1, 1) if self.quick else (1, 10)


ROWS = []


def row(name, title, about, packages=()):
    """Adds a row: under it stands a function that takes a Bench and returns the cases."""

    def add(function):
        ROWS.append(Row(name, title, about, function, packages))
        return function

    return add


def count_text(n):
    for unit, size in (("M", 1_000_000), ("k", 1_000)):
        if n >= size and n % size == 0:
            return f"{n // size} {unit}"
    return str(n)
