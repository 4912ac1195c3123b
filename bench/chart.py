"""Draws the overhead against the number of sleeps as SVG, on two logarithmic axes.

The picture has its own background and follows the reader's light or dark colour scheme, so that it
is readable on any page.
"""

import math

WIDTH, HEIGHT = 820, 470
LEFT, RIGHT, TOP, BOTTOM = 78, 84, 84, 66
SERIES = (  # arm, name, where its label stands: text-anchor, and the offset from its last point
    ("rollcall", "Rollcall", "end", 8, -16),
    ("asyncio", "asyncio, tuned", "start", 12, 5),
    ("teaching", "asyncio, debug mode and prints", "end", -12, -2),
)
# Class, then its color in the light and in the dark scheme.
COLORS = (
    ("paper", "#ffffff", "#0d1117"),
    ("ink", "#1f2328", "#e6edf3"),
    ("faint", "#59636e", "#9198a1"),
    ("grid", "#d8dee4", "#30363d"),
    ("rollcall", "#0b6e4f", "#3fb98b"),
    ("asyncio", "#b5452c", "#ff8e72"),
    ("teaching", "#5a5a96", "#a8a8ec"),
)
COUNTS = {0: "1", 1: "10", 2: "100", 3: "1,000", 4: "10,000", 5: "100,000", 6: "1 million", 7: "10 million"}


def points_of(result):
    """arm -> [(tasks, seconds of overhead: median)], from the result of the row `sleeps`."""
    points = {}
    for case in result["cases"]:
        for arm in case["rounds"][0]:
            samples = sorted(each[arm]["overhead_seconds"] for each in case["rounds"])
            tasks = case["rounds"][0][arm]["tasks"]
            points.setdefault(arm, []).append((tasks, samples[len(samples) // 2]))
    return {arm: sorted(found) for arm, found in points.items()}


def powers(values):
    """The powers of ten around positive values."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return low, max(high, low + 1)


def seconds_text(seconds):
    """Two digits that count, in the unit that people would choose: 0.65 ms, 8.3 ms, 15 s."""
    unit, factor = ("s", 1) if seconds >= 0.0999 else ("ms", 1000)
    value = seconds * factor
    digits = max(0, 1 - math.floor(math.log10(value)))
    text = f"{value:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if digits else text} {unit}"


def count_text(tasks):
    power = round(math.log10(tasks))
    return COUNTS[power] if tasks == 10**power and power in COUNTS else f"{tasks:,}"


class Axes:
    def __init__(self, points):
        flat = [point for found in points.values() for point in found]
        self.tasks = powers([tasks for tasks, _ in flat])
        self.seconds = powers([max(seconds, 1e-6) for _, seconds in flat])

    def x(self, tasks):
        low, high = self.tasks
        return LEFT + (math.log10(tasks) - low) / (high - low) * (WIDTH - LEFT - RIGHT)

    def y(self, seconds):
        low, high = self.seconds
        part = (math.log10(max(seconds, 1e-6)) - low) / (high - low)
        return HEIGHT - BOTTOM - part * (HEIGHT - TOP - BOTTOM)


def style():
    """The colors of the light scheme, replaced by those of the dark one where the viewer prefers it."""
    light, dark = (" ".join(f".{each[0]} {{color: {each[n]}}}" for each in COLORS) for n in (1, 2))
    return f"<style>\n{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n</style>"


def line(x1, y1, x2, y2):
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f'<line {ends} class="grid" stroke="currentColor"/>'


def text(x, y, words, look, anchor="start", more=""):
    at = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {at} class="{look}" fill="currentColor"{more}>{words}</text>'


def grid(axes):
    for power in range(axes.tasks[0], axes.tasks[1] + 1):
        x = axes.x(10**power)
        yield line(x, TOP, x, HEIGHT - BOTTOM)
        yield text(x, HEIGHT - BOTTOM + 22, count_text(10**power), "faint", "middle")
    for power in range(axes.seconds[0], axes.seconds[1] + 1):
        y = axes.y(10**power)
        yield line(LEFT, y, WIDTH - RIGHT, y)
        yield text(LEFT - 10, y + 5, seconds_text(10**power), "faint", "end")


def curve(axes, found, series):
    """The points of one program, with its name and its last overhead beside the last point."""
    arm, name, anchor, right, down = series
    at = [(axes.x(tasks), axes.y(seconds)) for tasks, seconds in found]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    yield f'<g class="{arm}">'
    yield f'<polyline points="{joined}" fill="none" stroke="currentColor" stroke-width="3"/>'
    for (x, y), (tasks, seconds) in zip(at, found):
        tip = f"{name}: {count_text(tasks)} sleeps, {seconds_text(seconds)}"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="currentColor"><title>{tip}</title></circle>'
    label = f"{name}: {seconds_text(found[-1][1])}"
    yield text(at[-1][0] + right, at[-1][1] + down, label, arm, anchor, ' font-weight="bold"')
    yield "</g>"


def svg(result):
    points = points_of(result)
    axes = Axes(points)
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="Helvetica, Arial, sans-serif" font-size="15" role="img">',
        "<title>Overhead of N concurrent sleeps: Rollcall and asyncio</title>",
        style(),
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="8" class="paper" fill="currentColor"/>',
        text(LEFT, 34, "Overhead of concurrent sleeps", "ink", more=' font-size="20" font-weight="bold"'),
        text(LEFT, 58, "time beyond the longest sleep; lower is better", "faint"),
        *grid(axes),
        text(middle, HEIGHT - 16, "number of sleeps, 1 to 10 seconds each, all at once", "ink", "middle"),
    ]
    for series in SERIES:
        if series[0] in points:
            parts += curve(axes, points[series[0]], series)
    return "\n".join(parts) + "\n</svg>\n"
