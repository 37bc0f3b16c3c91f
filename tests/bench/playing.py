"""How long a simulation takes from a cold start, how many steps a second fuzz makes, and when it finds seeded faults.

`python -m tests.bench.playing [RUNS]` starts `baton flows simulate` of the Coro week anew each time, its files compiled
(goal: under 1 s), plays 2,000 random steps of each shipped flow in two processes (goal: 300 steps/s), and seeds each
fault of tests/play until it is found. Seconds of the processor are told too, for a machine that does something else.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from flows import catalogue
from flows.authoring.play.fuzz import fuzz
from flows.catalogue.registry import Registry
from tests.play.test_fuzz import FAULTS

WEEK = ("flows", "simulate", "coro-order-fulfilment", "--at", "2026-03-26T10:00")
STEPS, JOBS, SEED = 2_000, 2, 1
TO_FIND = 400
"""So many steps the tests allow until a fault is found."""
Made = TypeVar("Made")


@dataclass(frozen=True)
class Taken:
    """Seconds by the clock, and of the processor in this process and those it started."""

    wall: float
    processor: float


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def timed(act: Callable[[], Made]) -> tuple[Taken, Made]:
    wall, processor = time.perf_counter(), _processor()
    made = act()
    return Taken(time.perf_counter() - wall, _processor() - processor), made


def _processor() -> float:
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def simulate(runs: int, compiled: str) -> None:
    env = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
    env.pop("PYTHONDONTWRITEBYTECODE", None)

    def week() -> None:
        subprocess.run([sys.executable, "-m", "worker", *WEEK], env=env, check=True, stdout=subprocess.DEVNULL)

    week()  # what is measured is a start with compiled files
    taken = [timed(week)[0] for _ in range(runs)]
    for name, seconds in (("wall", [one.wall for one in taken]), ("processor", [one.processor for one in taken])):
        middle = statistics.median(seconds)
        say(f"simulate, {runs} cold starts: {name:9} least {min(seconds):.2f} s, median {middle:.2f} s")


def shipped(registry: Registry) -> None:
    steps, all_of_them = 0, Taken(0.0, 0.0)
    for flow in sorted(registry.flows):
        taken, report = timed(partial(fuzz, registry, flow, STEPS, SEED, JOBS))
        steps += report.steps
        all_of_them = Taken(all_of_them.wall + taken.wall, all_of_them.processor + taken.processor)
        say(_pace(flow, report.steps, taken))
    say(_pace("all shipped flows", steps, all_of_them))


def _pace(name: str, steps: int, taken: Taken) -> str:
    return f"fuzz {name:24} {steps / taken.wall:5.0f} steps/s, {steps / taken.processor:5.0f} a processor second"


def faults(folder: Path) -> None:
    for name, (text, right, wrong, code, said) in FAULTS.items():
        registry = _seeded(folder, text.replace(right, wrong, 1))
        taken, report = timed(partial(fuzz, registry, "seeded", TO_FIND))
        found = any(one.code == code and said in one.text for one in report.findings.values())
        say(f"{'found' if found else 'NOT FOUND':9} in {taken.wall:4.1f} s  {name}")


def _seeded(folder: Path, text: str) -> Registry:
    (folder / "seeded.flow.yaml").write_text(text)
    (folder / "mail" / "seeded").mkdir(parents=True, exist_ok=True)
    (folder / "mail" / "seeded" / "done.en.md").write_text("Subject: Done\n\nIt is done.\n")
    return catalogue.load([folder])


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        simulate(int(sys.argv[1]) if len(sys.argv) > 1 else 10, place)
        shipped(catalogue.load())
    with tempfile.TemporaryDirectory() as place:
        faults(Path(place))
