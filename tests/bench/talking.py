"""How long a message takes to the other side's page: 300 conversations open on both sides, beside a bare echo server.

`python -m tests.bench.talking [rate]` starts the product as `baton up` does. A message counts as arrived when the
other page has fetched it after the hint, as talk.js does; the sender fetches and the reader says that it was read, too.
In the same run a bare python-socketio server (gevent, WebSocket only) passes words on in 300 rooms of two at that rate.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from tests.bench.browsers import Browser, frame, packet, upgrade
from tests.bench.running import Running, listens, running
from tests.walks.product import free_port, wait_for

MANY, RATE, SECONDS = 300, 10.0, 30
BARE = """
from gevent import monkey; monkey.patch_all()
import socketio, sys
from gevent.pywsgi import WSGIServer
server = socketio.Server(async_mode="gevent", async_handlers=False, transports=["websocket"], cors_allowed_origins="*")
@server.on("enter")
def enter(sid, room): server.enter_room(sid, room)
@server.on("say")
def say(sid, said): server.emit("said", said, room=said[0])
WSGIServer(("127.0.0.1", int(sys.argv[1])), socketio.WSGIApp(server), log=None).serve_forever()
"""


class Pair:
    """Both sides of a conversation, and when what was said arrived."""

    def __init__(self, product: Running, n: int, tasks: set[asyncio.Task[None]]) -> None:
        chat = product.chats[n]
        self._tasks = tasks
        self.sent_at: dict[str, float] = {}
        """What is still on its way."""
        self.taken: list[float] = []
        ports = (product.port, product.live_port)
        self.home = Browser(*ports, chat.customer, chat.home, chat.about)
        self.desk = Browser(*ports, chat.staff, chat.desk, chat.about, "staff")
        for one in (self.home, self.desk):
            one.on_event = partial(self._hear, one)

    def _hear(self, page: Browser, name: str, detail: dict[str, object]) -> None:
        if detail.get("id") == page.about and name in ("message.created", "message.read", "instance.updated"):
            self._spawn(self._look(page, name))

    async def _look(self, page: Browser, name: str) -> None:
        before = len(page.seen)
        await page.look()
        now = time.perf_counter()
        other = "home" if page is self.desk else "desk"
        fresh = [words for _, words in page.seen[before:] if words.startswith(other) and words in self.sent_at]
        # Several hints tell of one message, and whoever looked at the same time has counted it.
        self.taken += [now - self.sent_at.pop(words) for words in fresh]
        if fresh:
            await page.read()

    async def say(self, n: int) -> None:
        page, side = ((self.home, "home"), (self.desk, "desk"))[n % 2]
        words = f"{side} {n}"
        self.sent_at[words] = time.perf_counter()
        status = await page.send(words)
        if status != 204:
            raise RuntimeError(f"A message was answered with {status}")
        await page.look()

    def _spawn(self, act: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(act)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def at_rate(rate: float, act: Callable[[int], Awaitable[None]], seconds: float = SECONDS) -> None:
    """Act so many times a second, whether or not what came before is over; failures are raised at the end."""
    began, acts = time.perf_counter(), []
    for n in range(int(rate * seconds)):
        await asyncio.sleep(max(0, began + n / rate - time.perf_counter()))
        acts.append(asyncio.ensure_future(act(n)))
    await asyncio.gather(*acts)


async def product_figures(product: Running, rate: float) -> list[float]:
    tasks: set[asyncio.Task[None]] = set()
    pairs = [Pair(product, n, tasks) for n in range(MANY)]
    pages = [page for pair in pairs for page in (pair.home, pair.desk)]
    for page in pages:
        await page.open()
    sockets = [asyncio.ensure_future(page.listen()) for page in pages]
    while not all(page.is_live for page in pages):
        await asyncio.sleep(0.1)
    await asyncio.sleep(2)
    await at_rate(rate, lambda n: pairs[n * 7 % MANY].say(n // 7 + n))
    await asyncio.sleep(3)
    for socket in sockets:
        socket.cancel()
    lost = sum(len(pair.sent_at) for pair in pairs)
    taken = [one for pair in pairs for one in pair.taken]
    sys.stdout.write(f"{len(pages)} sockets open, {len(taken) + lost} messages at {rate:g}/s, {len(taken)} arrived\n")
    return taken


async def bare_figures(port: int, rate: float) -> list[float]:
    taken: list[float] = []
    sent: dict[str, float] = {}
    writers: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, is_other: bool) -> None:
        with suppress(EOFError, OSError):
            while said := await packet(reader):
                if said == "2":
                    writer.write(frame("3"))
                elif is_other and '"said"' in said:
                    taken.append(time.perf_counter() - sent[said.split('"')[-2]])

    listeners = []
    for n in range(2 * MANY):
        _, reader, writer = await upgrade(port, "", f"http://127.0.0.1:{port}")
        await packet(reader)
        writer.write(frame("40"))
        await packet(reader)
        writer.write(frame(f'42["enter","room {n // 2}"]'))
        writers.append(writer)
        listeners.append(asyncio.ensure_future(listen(reader, writer, n % 2 == 1)))
    await asyncio.sleep(1)

    async def say(n: int) -> None:
        room = n * 7 % MANY
        sent[f"{n}"] = time.perf_counter()
        writers[2 * room].write(frame(f'42["say",["room {room}","{n}"]]'))

    await at_rate(rate, say)
    await asyncio.sleep(1)
    for one in listeners:
        one.cancel()
    return taken


def line(name: str, taken: list[float]) -> tuple[float, float]:
    cuts = statistics.quantiles(taken, n=100)
    p50, p95, p99 = (cuts[at] * 1000 for at in (49, 94, 98))
    sys.stdout.write(f"{name:24} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   p99 {p99:7.2f} ms\n")
    return p50, p99


def main() -> None:
    rate = float(sys.argv[1]) if len(sys.argv) > 1 else RATE
    with running(MANY) as product:
        ours = line("message to other page", asyncio.run(product_figures(product, rate)))
    port = free_port()
    bare = subprocess.Popen([sys.executable, "-c", BARE, str(port)])
    try:
        wait_for(lambda: listens(port), "the bare server")
        theirs = line("bare python-socketio", asyncio.run(bare_figures(port, rate)))
    finally:
        bare.terminate()
        bare.wait(10)
    sys.stdout.write(f"ratio                    p50 {ours[0] / theirs[0]:.1f}   p99 {ours[1] / theirs[1]:.1f}\n")


if __name__ == "__main__":
    main()
