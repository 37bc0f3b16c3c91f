"""How long lint takes, and whether anything makes it fall over: shipped flows, spoilt files, single-letter slips.

`python -m tests.bench.lint [FILES]` lints each shipped flow warm (goal: under 50 ms), then 5,000 files spoilt at random
(each right, or wrong at a place, within 200 ms and, on a sample, 50 MB), then every slip of one letter (97 % caught on
its line). Times are of the processor, so that what else the machine does counts less.
"""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc
from collections.abc import Iterator

from tests.catalogue.shipped import FILES, problems_of, written
from tests.catalogue.spoilt import spoilt
from tests.catalogue.typos import slips

ROUNDS, SEED, SAMPLE_OF = 20, 2026, 25
MOST_SECONDS, MOST_BYTES = 0.2, 50 * 2**20


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")


def timed(text: str | bytes, flow: str) -> float:
    """Processor seconds of reading and linting."""
    began = time.process_time()
    problems_of(text, flow)
    return time.process_time() - began


def peak(text: bytes, flow: str) -> int:
    """The most bytes held at a time, beyond those held before."""
    tracemalloc.start()
    problems_of(text, flow)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


def warm() -> None:
    for flow in FILES:
        texts = [f"{written(flow)}\n# {number}\n" for number in range(ROUNDS + 1)]  # a text that was read is kept
        first, *later = [timed(text, flow) for text in texts]
        median, most = statistics.median(later), max(later)
        say(f"{flow:24} first {first * 1e3:6.1f} ms, warm {median * 1e3:5.1f} ms (at most {most * 1e3:.1f} ms)")


def files(many: int) -> None:
    taken, right, placeless, fallen = [], 0, 0, []
    for number, (flow, raw) in enumerate(spoilt(many, SEED)):
        began = time.process_time()
        try:
            found = problems_of(raw, flow)
        except Exception as wrong:  # noqa: BLE001 - that nothing of the kind comes out is what is measured
            fallen.append(f"file {number}: {type(wrong).__name__}: {wrong}")
            continue
        finally:
            taken.append(time.process_time() - began)
        right += not found
        placeless += any(one.line < 1 or one.column < 1 or not one.code for one in found)
    slow = sum(seconds > MOST_SECONDS for seconds in taken)
    say(f"{many} spoilt files: {right} right, {many - right - len(fallen)} wrong, {placeless} of them without a place")
    say(f"  fell over {len(fallen)} {fallen[:3]}, over {MOST_SECONDS * 1e3:.0f} ms {slow}")
    centiles = statistics.quantiles(taken, n=100)
    say(f"  p50 {centiles[49] * 1e3:.1f} ms, p99 {centiles[98] * 1e3:.1f} ms, at most {max(taken) * 1e3:.1f} ms")


def memory(many: int) -> None:
    peaks = [peak(raw, flow) for flow, raw in spoilt(many // SAMPLE_OF, SEED + 1)]
    over = sum(size > MOST_BYTES for size in peaks)
    say(f"memory of {len(peaks)} others: at most {max(peaks) / 2**20:.1f} MB, over {MOST_BYTES // 2**20} MB {over}")


def letters() -> None:
    caught = list(_caught())
    say(f"{len(caught)} slips of one letter: {sum(caught)} caught on their line, {sum(caught) / len(caught):.1%}")


def _caught() -> Iterator[bool]:
    for flow in FILES:
        known = {(one.code, one.line) for one in problems_of(written(flow), flow)}
        for slip in slips(written(flow), seed=7):
            found = {(one.code, one.line) for one in problems_of(slip.text, flow)}
            yield any(line == slip.line for _, line in found - known)


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    warm()
    files(wanted)
    memory(wanted)
    letters()
