"""The bytes of files: kept once by their content, outside every web root, never found by a name that people gave."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, BinaryIO

from flows import settings

CHUNK = 256 * 1024
YOUNG_SECONDS = 24 * 3600
"""Bytes this young may belong to a row that is being written; they stay, whether or not anybody names them yet."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


class TooLarge(ValueError):
    """There is more of it than was allowed."""


@dataclass(frozen=True)
class Stored:
    """What was written: its name here, and its length in bytes."""

    sha256: str
    size: int


def write(pieces: Iterable[bytes], most: int) -> Stored:
    """Keep these bytes; TooLarge as soon as there are more than `most`. The same content again is kept once.

    Written beside, flushed to the disk and then given its name, so that what has a name is whole.
    """
    incoming = _folder("incoming")
    digest, size = hashlib.sha256(), 0
    with NamedTemporaryFile(dir=incoming, delete=False) as file:  # 0600, like every file here
        try:
            for piece in pieces:
                size += len(piece)
                if size > most:
                    raise TooLarge(f"more than {most} bytes")
                digest.update(piece)
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
            _give_name(file.name, digest.hexdigest())
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(file.name)
            raise
    return Stored(digest.hexdigest(), size)


def chunks(stream: IO[bytes]) -> Iterator[bytes]:
    """What is left of a stream, in pieces that fit into memory."""
    while piece := stream.read(CHUNK):
        yield piece


def open_content(sha256: str) -> BinaryIO:
    """The bytes for reading; FileNotFoundError when they are not here."""
    return path_of(sha256).open("rb")


def path_of(sha256: str) -> Path:
    """Where the bytes with this digest lie, or would lie."""
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{sha256[:80]!r} is no digest")
    return settings.current().folder / "files" / sha256[:2] / sha256[2:]


def size_of(sha256: str) -> int | None:
    """The length of what is kept; None when it is lost."""
    try:
        return path_of(sha256).stat().st_size
    except FileNotFoundError:
        return None


def old() -> Iterator[str]:
    """Digests of everything that has been here for a day, for whoever knows what is still needed."""
    before = time.time() - YOUNG_SECONDS
    for folder in sorted(_folder().glob("[0-9a-f][0-9a-f]")):
        for file in sorted(folder.iterdir()):
            if _SHA256.fullmatch(folder.name + file.name) and _changed_at(file) < before:
                yield folder.name + file.name


def remove_old(sha256: str) -> bool:
    """Take bytes away that nobody needs; False when somebody sent the same again meanwhile."""
    with _lock():
        file = path_of(sha256)
        if not 0 < _changed_at(file) < time.time() - YOUNG_SECONDS:
            return False
        file.unlink()
        return True


def sweep() -> None:
    """Take away what was left half-written a day ago."""
    for file in _folder("incoming").iterdir():
        if _changed_at(file) < time.time() - YOUNG_SECONDS:
            with contextlib.suppress(FileNotFoundError):
                file.unlink()


def _give_name(written: str, sha256: str) -> None:
    home = path_of(sha256).parent
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _lock():  # even when the same is there already: it is young again, and nobody takes it away now
        os.replace(written, path_of(sha256))
    _flush(home)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _changed_at(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:
        return 0.0


def _folder(name: str = "") -> Path:
    folder = settings.current().folder / "files" / name
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _lock() -> Iterator[None]:
    """Between a name being given and bytes being taken away there is no third: one at a time, across processes."""
    handle = os.open(_folder() / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
