"""Overhead over the number of sleeps, as plain SVG with two logarithmic axes."""

import math

WIDTH, HEIGHT = 720, 430
LEFT, RIGHT, TOP, BOTTOM = 80, 150, 40, 50
SERIES = (  # arm, name, colour
    ("rollcall", "Rollcall", "#0b6e4f"),
    ("asyncio", "asyncio, at best", "#c8553d"),
    ("teaching", "asyncio, teaching", "#6c6c9c"),
)
# How 1, 1 000, 1 000 000 are written, by power of ten.
POWERS = {0: "1", 1: "10", 2: "100", 3: "1 k", 4: "10 k", 5: "100 k", 6: "1 M", 7: "10 M", 8: "100 M"}


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


def seconds_text(power):
    if power >= 0:
        return f"{10**power} s"
    if power >= -3:
        return f"{10 ** (power + 3)} ms"
    return f"{10 ** (power + 6)} us"


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


def line(x1, y1, x2, y2, color):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"/>'


def text(x, y, words, anchor="start", color="#333"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{color}">{words}</text>'


def grid(axes):
    for power in range(axes.tasks[0], axes.tasks[1] + 1):
        x = axes.x(10**power)
        yield line(x, TOP, x, HEIGHT - BOTTOM, "#ddd")
        yield text(x, HEIGHT - BOTTOM + 18, POWERS.get(power, f"1e{power}"), "middle")
    for power in range(axes.seconds[0], axes.seconds[1] + 1):
        y = axes.y(10**power)
        yield line(LEFT, y, WIDTH - RIGHT, y, "#ddd")
        yield text(LEFT - 8, y + 4, seconds_text(power), "end")


def curve(axes, found, name, color):
    at = [(axes.x(tasks), axes.y(seconds)) for tasks, seconds in found]
    joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    yield f'<polyline points="{joined}" fill="none" stroke="{color}" stroke-width="2"/>'
    for (x, y), (tasks, seconds) in zip(at, found):
        tip = f"{name}: {tasks:,} tasks, {1000 * seconds:.3g} ms"
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"><title>{tip}</title></circle>'
    yield text(at[-1][0] + 8, at[-1][1] + 4, name, color=color)


def svg(result):
    points = points_of(result)
    axes = Axes(points)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="12" role="img">',
        "<title>Overhead over the longest sleep, by number of sleeps at once</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        text(LEFT, 22, "time beyond the longest sleep"),
        text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "sleeps at once", "middle"),
        *grid(axes),
    ]
    for arm, name, color in SERIES:
        if arm in points:
            parts += curve(axes, points[arm], name, color)
    return "\n".join(parts) + "\n</svg>\n"
