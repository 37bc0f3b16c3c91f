"""What 1,000 sockets of nobody cost those who are signed in: p95 of a portal page, calm and under it, as a ratio.

`python -m tests.bench.strangers` starts the product as `baton up` does. First 1,000 connections say nothing at all and
stay; then strangers without a cookie ask for 200 sockets a second. Meanwhile somebody who is signed in reads a page.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from contextlib import suppress

from tests.bench.browsers import Browser, upgrade
from tests.bench.running import Running, running

MANY, A_SECOND, PAGES = 1_000, 200, 60


async def pages(browser: Browser) -> list[float]:
    """Seconds that each of a number of pages took; RuntimeError for an answer that is none."""
    taken = []
    for _ in range(PAGES):
        began = time.perf_counter()
        status, _page = await browser.ask("GET", browser.talk)
        taken.append(time.perf_counter() - began)
        if status != 200:
            raise RuntimeError(f"The page answers {status}")
        await asyncio.sleep(0.02)
    return taken


async def flood(port: int, answers: dict[int, int]) -> None:
    """Strangers, so many a second, until cancelled."""

    async def ask() -> None:
        with suppress(OSError, EOFError, asyncio.TimeoutError):
            status, _, writer = await upgrade(port, "", f"http://127.0.0.1:{port - 1}")
            answers[status] = answers.get(status, 0) + 1
            await asyncio.sleep(5)
            writer.close()

    acts = set()
    while True:
        acts.add(asyncio.ensure_future(ask()))
        acts = {act for act in acts if not act.done()}
        await asyncio.sleep(1 / A_SECOND)


async def measure(product: Running) -> None:
    chat = product.chats[0]
    answers: dict[int, int] = {}
    browser = Browser(product.port, product.live_port, chat.customer, chat.home, chat.about)
    await browser.open()
    await pages(browser)
    calm = await pages(browser)
    silent = [await asyncio.open_connection("127.0.0.1", product.live_port) for _ in range(MANY)]
    held = await pages(browser)
    flooding = asyncio.ensure_future(flood(product.live_port, answers))
    await asyncio.sleep(1)
    flooded = await pages(browser)
    listening = asyncio.ensure_future(browser.listen())
    began = time.perf_counter()
    while not browser.is_live:
        await asyncio.sleep(0.01)
    joined = time.perf_counter() - began
    flooding.cancel()
    listening.cancel()
    calm += await pages(browser)
    for _, writer in silent:
        writer.close()
    base = p95(calm)
    for name, taken in (("calm", calm), (f"{MANY} silent", held), (f"and {A_SECOND}/s refused", flooded)):
        sys.stdout.write(f"{name:18} p95 {p95(taken) * 1000:6.1f} ms   {p95(taken) / base:.2f} x calm\n")
    sys.stdout.write(f"answers to strangers: {answers}; who is signed in joined in {joined * 1000:.0f} ms meanwhile\n")


def p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[18]


def main() -> None:
    with running(1) as product:
        asyncio.run(measure(product))


if __name__ == "__main__":
    main()
