#!/usr/bin/env python3
"""The reference in asyncio: N tasks sleep for a random while at once.

    asyncio_reference.py [--tasks N] [--pause-min S] [--pause-max S] [--mode best|teaching]

best      the least that asyncio needs: no prints, no debug mode, no garbage collection
teaching  as a page that teaches asyncio does it: a line before and after each sleep, debug mode on

The last line of standard output is one JSON object. Standard library only.
"""

import argparse
import asyncio
import gc
import json
import random
import resource
import time


async def sleep_quietly(pause):
    await asyncio.sleep(pause)
    return pause


async def sleep_and_tell(task, pause):
    print(f"Task {task} - await a sleep for {pause:.2f}")
    await asyncio.sleep(pause)
    print(f"Task {task} - done with sleep for {pause:.2f}")
    return pause


async def run_best(pauses):
    begun = time.monotonic()
    tasks = [asyncio.create_task(sleep_quietly(pause)) for pause in pauses]
    results = [await task for task in tasks]
    return time.monotonic() - begun, results


async def run_teaching(pauses):
    begun = time.monotonic()
    results = await asyncio.gather(*(sleep_and_tell(t, p) for t, p in enumerate(pauses)))
    return time.monotonic() - begun, results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=1000)
    parser.add_argument("--pause-min", type=float, default=1)
    parser.add_argument("--pause-max", type=float, default=10)
    parser.add_argument("--mode", choices=("best", "teaching"), default="best")
    options = parser.parse_args()

    draw = random.Random(1)
    pauses = [draw.uniform(options.pause_min, options.pause_max) for _ in range(options.tasks)]
    longest = max(pauses, default=0)
    teaching = options.mode == "teaching"
    if not teaching:
        gc.disable()
    run = run_teaching if teaching else run_best
    measured, results = asyncio.run(run(pauses), debug=teaching)
    assert results == pauses
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(
        json.dumps(
            {
                "tasks": options.tasks,
                "mode": options.mode,
                "seconds": measured,
                "longest_seconds": longest,
                "overhead_seconds": measured - longest,
                "cpu_seconds": used.ru_utime + used.ru_stime,
                "peak_rss_bytes": used.ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
