"""Results as text, as JSON and as the tables of docs/performance.md."""

import json
from pathlib import Path

SCHEMA = "rollcall/bench/1"
BEGIN = "<!-- script/bench writes from here -->"
END = "<!-- script/bench writes to here -->"


def figure(value):
    """Three or four digits that count: 0.0123, 1.23, 12.3, 1,234."""
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    decimals = 1 if size >= 100 else 2 if size >= 10 else 3
    return f"{value:.{decimals}f}"


def with_unit(value, unit):
    return f"{figure(value)} {unit}".strip()


def verdict(check):
    if check["target"] is None:
        return ""
    if check["reached"]:
        return "reached"
    because = check.get("because", "")
    return "not reached" + (f", because {because}" if because else "")


def cells(check):
    spread = f"{figure(check['min'])} to {figure(check['max'])}"
    return [
        check["label"],
        with_unit(check["median"], check["unit"]),
        spread,
        check["target"] or "",
        verdict(check),
    ]


def all_cells(case):
    """A row for each check, and one without figures for each program that is missing."""
    return [cells(check) for check in case["checks"]] + [
        [name, "", "", "", why] for name, why in case.get("missing", {}).items()
    ]


def columns(rows):
    """Lines of equal columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]


def as_text(result):
    lines = ["", result["title"]]
    for case in result["cases"]:
        head = [[case["name"], "median", "min to max", "target", ""]]
        lines += ["  " + line for line in columns(head + all_cells(case))]
    return "\n".join(lines)


def as_markdown(result):
    """A section of docs/performance.md."""
    lines = [f"### {result['title']}", "", result["about"], ""]
    for case in result["cases"]:
        count = len(case["rounds"])
        lines += [f"| {case['name']} | median of {count} | min to max | target | |", "|---|---|---|---|---|"]
        lines += ["| " + " | ".join(row) + " |" for row in all_cells(case)]
        lines += [""]
    lines += not_reached(result)
    versions = result["versions"]
    lines += [
        f"`{result['command']}`, {result['date']}, commit {versions['commit']}, "
        f"load before: {result['load_before']}.{packages_text(result)}",
        "",
    ]
    return lines


def not_reached(result):
    """Names the targets that were missed, in one sentence; empty if all were reached."""
    missed = [
        f"{case['name']}: {check['label']} ({figure(check['median'])})"
        for case in result["cases"]
        for check in case["checks"]
        if check["reached"] is False
    ]
    return [f"Not reached: {'; '.join(missed)}.", ""] if missed else []


def packages_text(result):
    """The versions of the programs that a row compares with."""
    packages = result.get("packages", {})
    versions = [f"{name} {version or '(not installed)'}" for name, version in packages.items()]
    return f" Packages: {', '.join(versions)}." if versions else ""


def machine_line(result):
    where, what = result["machine"], result["versions"]
    return (
        f"{where['processors']} processors ({where['processor']}), {where['memory_gib']} GiB, "
        f"{where['system']}, Linux {where['kernel']}; {''.join(what['compiler'])}, libzmq {what['libzmq']}, "
        f"Protocol Buffers {what['protobuf']}, Python {what['python']}."
    )


def write_json(result, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result['row']}.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    return path


def read_all(folder, names):
    """The results that there are, in the order of `names`."""
    paths = [Path(folder) / f"{name}.json" for name in names]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def refresh(page, results):
    """Puts the tables between the markers of a page. Everything else in it stays."""
    page = Path(page)
    text = page.read_text()
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    lines = [BEGIN, ""]
    machines = list(dict.fromkeys(machine_line(result) for result in results))
    lines += [line for each in machines for line in (each, "")]
    for result in results:
        lines += as_markdown(result)
    page.write_text(before + "\n".join(lines) + END + after)
