"""Asks clamd about a file, where an installation has one: clean, or what was found in it."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from flows.plugin import PassingFault, PermanentFault

PATIENCE_SECONDS = 20.0
CHUNK = 64 * 1024
LONGEST_ANSWER = 4096


def found_in(content: BinaryIO, address: str) -> str:
    """The name of what clamd finds, empty when it finds nothing.

    Raises PassingFault while it is away or busy (the file is then asked about again, never let through), PermanentFault
    when it takes no file this large. `address` is HOST:PORT or the path of a socket.
    """
    try:
        with _connected(address) as clamd:
            clamd.sendall(b"zINSTREAM\0")
            while piece := content.read(CHUNK):
                clamd.sendall(struct.pack(">I", len(piece)) + piece)
            clamd.sendall(struct.pack(">I", 0))
            said = _answer(clamd)
    except OSError as fault:
        raise PassingFault(f"clamd at {address} does not answer: {fault}") from fault
    if said.endswith(" FOUND"):
        return said.removeprefix("stream:").removesuffix(" FOUND").strip()
    if said == "stream: OK":
        return ""
    if "size limit exceeded" in said:
        raise PermanentFault("clamd takes no file this large: raise its StreamMaxLength above BATON_UPLOAD_MB")
    raise PassingFault(f"clamd at {address} answers: {said[:200]}")


@contextmanager
def _connected(address: str) -> Iterator[socket.socket]:
    if address.startswith("/"):
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.settimeout(PATIENCE_SECONDS)
        try:
            connected.connect(address)
        except OSError:
            connected.close()
            raise
    else:
        host, _, port = address.rpartition(":")
        connected = socket.create_connection((host.strip("[]"), int(port)), PATIENCE_SECONDS)
    with connected:
        yield connected


def _answer(clamd: socket.socket) -> str:
    said = b""
    while len(said) < LONGEST_ANSWER and b"\0" not in said:
        piece = clamd.recv(1024)
        if not piece:
            break
        said += piece
    return said.partition(b"\0")[0].decode("utf-8", "replace").strip()
