"""Browsers without a screen: they ask, post and listen as talk.js does, hundreds of them in one process."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import secrets
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlencode

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
NEWER = re.compile(r'data-newer="(\d+)"')
WORDS = re.compile(r'data-seq="(\d+)".*?<p class="words"[^>]*>(.*?)</p>', re.DOTALL)
PATIENCE_SECONDS = 20
BROKEN = (OSError, EOFError, asyncio.TimeoutError, asyncio.LimitOverrunError, ValueError)
"""What a line that is cut looks like from its end, in the middle of anything."""

Hear = Callable[[str, dict[str, object]], None]


async def upgrade(port: int, cookie: str, origin: str) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for a WebSocket; the status (101 when it is one) and the two ends of the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nOrigin: {origin}\r\nCookie: baton={cookie}\r\nSec-WebSocket-Version: 13\r\n"
        f"Sec-WebSocket-Key: {key}\r\n\r\n".encode()
    )
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
    return int(head.split(b" ")[1]), reader, writer


def frame(text: str) -> bytes:
    """One masked text frame."""
    content, mask = text.encode(), os.urandom(4)
    size = bytes([0x80 | len(content)]) if len(content) < 126 else b"\xfe" + struct.pack("!H", len(content))
    return b"\x81" + size + mask + bytes(byte ^ mask[n % 4] for n, byte in enumerate(content))


async def packet(reader: asyncio.StreamReader) -> str:
    """The next text frame; EOFError when the other side closes."""
    first, size = await reader.readexactly(2)
    if size == 126:
        (size,) = struct.unpack("!H", await reader.readexactly(2))
    elif size == 127:
        (size,) = struct.unpack("!Q", await reader.readexactly(8))
    content = await reader.readexactly(size)
    if first & 15 == 8:
        raise EOFError
    return content.decode() if first & 15 == 1 else ""


@dataclass
class Browser:
    """One page with the conversation of one request open in it."""

    port: int
    live_port: int
    cookie: str
    talk: str
    about: str
    space: str = "portal"
    origin_port: int = 0
    on_event: Hear = lambda _name, _detail: None
    last: int = 0
    seen: list[tuple[int, str]] = field(default_factory=list)
    is_live: bool = False
    token: str = ""
    looks: int = 0
    _idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = field(default_factory=list)
    _wanted: bool = False
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(self) -> None:
        """What the page holds when it comes; with the token that its forms carry."""
        status, page = await self.ask("GET", self.talk)
        found = TOKEN.search(page)
        if status != 200 or found is None:
            raise RuntimeError(f"{self.talk} answers {status}: {page[:300]}")
        self.token = found[1]
        self._take(page)

    async def send(self, text: str, client_id: str = "") -> int:
        """Post a message; the status, or 0 when nothing came back."""
        fields = {"text": text, "client_id": client_id or secrets.token_hex(8), "seen": self.last}
        return await self._post(self.talk, fields)

    async def read(self) -> None:
        """Say that everything so far was seen."""
        await self._post(f"{self.talk}/read", {"seq": self.last})

    async def look(self) -> None:
        """Ask for what is new. Whoever asks while one waits for its turn is served by that one."""
        if self._wanted:
            return
        self._wanted = True
        async with self._looking:
            self._wanted = False
            self.looks += 1
            is_more = True
            while is_more:
                status, page = await self.ask("GET", f"{self.talk}?after={self.last}")
                if status != 200:
                    return
                self._take(page)
                is_more = NEWER.search(page) is not None

    async def listen(self, pause: float = 1.0) -> None:
        """Keep a socket open, as baton.js does: a second after it was lost, then twice as long each time."""
        waits = pause
        while True:
            with suppress(*BROKEN):
                await self._hear(pause != waits)
            waits = pause if self.is_live else min(waits * 2, 30)
            self.is_live = False
            await asyncio.sleep(waits * (0.7 + secrets.randbelow(1000) / 1000))

    async def ask(self, method: str, path: str, content: bytes = b"") -> tuple[int, str]:
        """One request of a page; 0 when the line breaks. A connection that was closed meanwhile is opened anew."""
        for _ in range(2):
            is_new = not self._idle
            try:
                ends = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                return 0, ""
            try:
                answer = await asyncio.wait_for(self._exchange(*ends, method, path, content), PATIENCE_SECONDS)
            except BROKEN:
                ends[1].close()
                self._idle.clear()
                if is_new:
                    return 0, ""
            else:
                self._idle.append(ends)
                return answer
        return 0, ""

    @property
    def _origin(self) -> str:
        """Where the page believes to be: a line in between is not seen."""
        return f"http://127.0.0.1:{self.origin_port or self.port}"

    async def _post(self, path: str, fields: dict[str, object]) -> int:
        return (await self.ask("POST", path, urlencode({"csrf_token": self.token, **fields}).encode()))[0]

    async def _exchange(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, content: bytes
    ) -> tuple[int, str]:
        origin = self._origin
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: {origin.removeprefix('http://')}\r\nCookie: baton={self.cookie}\r\n"
            f"X-Fragment: 1\r\nOrigin: {origin}\r\nReferer: {origin}{path}\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        if kept := re.search(r"^Set-Cookie: baton=([^;\r]+)", head, re.MULTILINE | re.IGNORECASE):
            self.cookie = kept[1]
        size = re.search(r"^Content-Length: (\d+)", head, re.MULTILINE | re.IGNORECASE)
        body = await reader.readexactly(int(size[1])) if size else b""
        return int(head.split(" ")[1]), body.decode()

    def _take(self, page: str) -> None:
        for seq, words in WORDS.findall(page):
            if int(seq) > self.last:
                self.last = int(seq)
                self.seen.append((self.last, words))

    async def _hear(self, was_lost: bool) -> None:
        status, reader, writer = await upgrade(self.live_port, self.cookie, self._origin)
        try:
            if status != 101:
                return
            while said := await packet(reader):
                self._act(said, writer, was_lost)
        finally:
            with suppress(OSError):
                writer.close()

    def _act(self, said: str, writer: asyncio.StreamWriter, was_lost: bool) -> None:
        if said.startswith("0"):
            writer.write(frame(f"40/{self.space},{{}}"))
        elif said == "2":
            writer.write(frame("3"))
        elif said.startswith("40"):
            writer.write(frame(f"42/{self.space},{json.dumps(['instance.watch', {'id': self.about}])}"))
            self.is_live = True
            if was_lost:
                self.on_event("resync", {})
        elif said.startswith("42"):
            name, detail = json.loads(said.partition(",")[2])
            self.on_event(name, detail)
