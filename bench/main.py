"""What `script/bench` runs: measures rows, prints them, keeps them and refreshes the page."""

import argparse
import datetime
import sys
from pathlib import Path

import chart
import machine
import report
import rows_cost  # noqa: F401  (each adds its rows)
import rows_exec  # noqa: F401
import rows_input  # noqa: F401
import rows_output  # noqa: F401
import rows_journal  # noqa: F401
import rows_parallel  # noqa: F401
import rows_parts  # noqa: F401
import rows_time  # noqa: F401
from measure import Plan, measure
from programs import ProgramFailed, Programs
from row import ROWS, Bench

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench/results"
QUICK_RESULTS = ROOT / "build/bench/quick"
PAGE = ROOT / "docs/performance.md"
CHART = "overhead.svg"
ORDER = ["rows_time", "rows_cost", "rows_parts", "rows_journal", "rows_exec", "rows_input", "rows_output"]
ORDER += ["rows_parallel"]


def all_rows():
    """In the order of their numbers."""
    return sorted(ROWS, key=lambda each: ORDER.index(each.cases.__module__))


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="script/bench", description="Measures Rollcall against bare references, in turns."
    )
    parser.add_argument("rows", nargs="*", metavar="NAME", help="rows to measure; none: all")
    parser.add_argument("--quick", action="store_true", help="small sizes, in under 3 minutes; keeps nothing")
    parser.add_argument("--list", action="store_true", help="the names of the rows")
    parser.add_argument("--rounds", type=int, help="rounds after the warm-up (5; with --quick 2)")
    parser.add_argument("--page", action="store_true", help="rewrites the page without measuring")
    parser.add_argument("--programs", default=ROOT / "build/bench/bin", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    unknown = set(options.rows) - {each.name for each in ROWS}
    if unknown:
        parser.error(f"no such row: {', '.join(sorted(unknown))} (see --list)")
    return options


def command_line(options):
    words = ["script/bench", *options.rows]
    words += ["--quick"] if options.quick else []
    words += [f"--rounds {options.rounds}"] if options.rounds else []
    return " ".join(words)


def say(text):
    """Progress on one line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure_row(row, bench, plan, about):
    load = machine.load()
    date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")
    cases = [measure(case, plan) for case in row.cases(bench)]
    say("")
    return {
        "schema": report.SCHEMA,
        "row": row.name,
        "title": row.title,
        "about": row.about,
        "packages": {name: machine.package(name) for name in row.packages},
        "quick": bench.quick,
        "date": date,
        "load_before": load,
        **about,
        "cases": cases,
    }


def write_page():
    results = report.read_all(RESULTS, [each.name for each in all_rows()])
    report.refresh(PAGE, results)
    for result in results:
        if result["row"] == "sleeps":
            (PAGE.parent / CHART).write_text(chart.svg(result))


def keep(result, options):
    """A quick look is not kept among the results that the page quotes."""
    if options.quick:
        report.write_json(result, QUICK_RESULTS)
        if result["row"] == "sleeps":
            (QUICK_RESULTS / CHART).write_text(chart.svg(result))
        return
    report.write_json(result, RESULTS)
    write_page()


def summary_of(results):
    checks = [check for result in results for case in result["cases"] for check in case["checks"]]
    judged = [check for check in checks if check["reached"] is not None]
    reached = sum(check["reached"] for check in judged)
    return f"\n{reached} of {len(judged)} targets reached"


def main(arguments):
    options = parse(arguments)
    if options.list:
        for each in all_rows():
            print(f"{each.name:12} {each.title}")
        return 0
    if options.page:
        write_page()
        return 0
    bench = Bench(Programs(options.programs), options.quick)
    plan = Plan(options.rounds or (2 if options.quick else 5), not options.quick, say)
    about = {
        "command": command_line(options),
        "machine": machine.machine(),
        "versions": machine.versions(Path(options.programs) / "rollcall"),
    }
    results = []
    failed = False
    for each in all_rows():
        if options.rows and each.name not in options.rows:
            continue
        try:
            result = measure_row(each, bench, plan, about)
        except ProgramFailed as failure:
            print(f"\n{each.title}\n  FAILED: {failure}", file=sys.stderr)
            failed = True
            continue
        print(report.as_text(result), flush=True)
        keep(result, options)
        results.append(result)
    print(summary_of(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
