"""5,000 messages of two people over a line that is cut 50 times: both hold all of them, in one order, none twice.

`python -m tests.bench.cuts [messages] [cuts]` starts the product as `baton up` does, with a line before its web and
live ports that breaks at random, sometimes so that nobody is told. Both sides behave as talk.js does: what was not
answered is sent again under the same id, and what was missed is fetched after the last number that they have.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from dataclasses import dataclass

from tests.bench.browsers import Browser
from tests.bench.running import Running, running
from tests.line import Line

MESSAGES, CUTS = 5_000, 50
POLL_SECONDS = 4
"""How often talk.js asks while its socket is lost."""
RETRY_SECONDS = 1.0


class Side:
    """One person's page: what it wrote goes on being sent until it was taken."""

    def __init__(self, page: Browser, name: str) -> None:
        self.page, self.name = page, name
        self.again = 0
        page.on_event = lambda _name, _detail: self._spawn()
        self._looks: set[asyncio.Task[None]] = set()

    def _spawn(self) -> None:
        task = asyncio.ensure_future(self.page.look())
        self._looks.add(task)
        task.add_done_callback(self._looks.discard)

    async def write(self, many: int) -> None:
        for n in range(many):
            while (status := await self.page.send(f"{self.name} {n}", f"{self.name}-{n}")) != 204:
                if status not in (0, 429, 503):
                    raise RuntimeError(f"A message was answered with {status}")
                self.again += 1
                await asyncio.sleep(RETRY_SECONDS)
            self._spawn()

    async def poll(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if not self.page.is_live:
                await self.page.look()


async def cut_at_random(lines: list[Line], cuts: int, until: asyncio.Event) -> tuple[int, float]:
    """Cuts of up to a second, each third of them silent; how many there were, and when the last one healed."""
    rng, healed = random.Random(7), time.perf_counter()
    for n in range(cuts):
        await asyncio.sleep(rng.uniform(0.3, 1.2))
        if until.is_set():
            return n, healed
        for line in lines:
            line.cut(silently=n % 3 == 2)
        await asyncio.sleep(rng.uniform(0.05, 1.0))
        for line in lines:
            line.heal()
        healed = time.perf_counter()
    return cuts, healed


@dataclass
class Outcome:
    """What both sides hold in the end, how many cuts there were, and how long after the last heal it was whole."""

    sides: tuple[Side, Side]
    cuts: int
    whole_after: float


async def talk(web: Line, live: Line, product: Running, messages: int, cuts: int) -> Outcome:
    """Each side writes half of the messages, one after the other, while the line is cut again and again."""
    chat = product.chats[0]
    ports = (web.port, live.port)
    home = Side(Browser(*ports, chat.customer, chat.home, chat.about, origin_port=product.port), "home")
    desk = Side(Browser(*ports, chat.staff, chat.desk, chat.about, "staff", origin_port=product.port), "desk")
    sides, done = (home, desk), asyncio.Event()
    for side in sides:
        await side.page.open()
    behind = [asyncio.ensure_future(act) for side in sides for act in (side.page.listen(), side.poll())]
    cutting = asyncio.ensure_future(cut_at_random([web, live], cuts, done))
    await asyncio.gather(*(side.write(messages // 2) for side in sides))
    wrote = time.perf_counter()
    done.set()
    many, healed = await cutting
    from_here = max(wrote, healed)
    while any(len(side.page.seen) < messages for side in sides) and time.perf_counter() < from_here + 60:
        await asyncio.sleep(0.02)
    for one in behind:
        one.cancel()
    return Outcome(sides, many, time.perf_counter() - from_here)


def talked(messages: int, cuts: int) -> Outcome:
    """The whole story with a product of its own."""
    with running(1) as product:
        web, live = Line(product.port), Line(product.live_port)
        try:
            return asyncio.run(talk(web, live, product, messages, cuts))
        finally:
            web.close()
            live.close()


def main() -> None:
    given = [int(word) for word in sys.argv[1:]]
    messages, cuts = [*given, *(MESSAGES, CUTS)[len(given) :]]
    began, say = time.perf_counter(), sys.stdout.write
    told = talked(messages, cuts)
    say(f"{messages} messages, {told.cuts} cuts, {time.perf_counter() - began:.0f} s with the start of the product\n")
    for side in told.sides:
        words = [text for _, text in side.page.seen]
        in_order = [seq for seq, _ in side.page.seen] == [*range(1, messages + 1)]
        say(
            f"{side.name}: holds {len(words)}, twice {len(words) - len({*words})}, sent again {side.again},"
            f" looks {side.page.looks}, numbers without a gap: {in_order}\n"
        )
    same = told.sides[0].page.seen == told.sides[1].page.seen
    say(f"the same order: {same}; whole {told.whole_after:.2f} s after the last heal\n")
    if not same or len(told.sides[0].page.seen) != messages:
        sys.exit(1)


if __name__ == "__main__":
    main()
