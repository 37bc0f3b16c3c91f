"""What time it is: the one clock that everything asks, so that tests, simulation and the demo can move it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """The system clock plus a shift. In the demo the shift lives in a file, so that all processes move together."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._shift = timedelta()
        self._read_at: float | None = None
        self._still: datetime | None = None

    def now(self) -> datetime:
        """The moment it is for everything that flows decide, in UTC."""
        return (self._still or self.wall()) + self.shift

    @staticmethod
    def wall() -> datetime:
        """The real moment in UTC: for what security stands on, such as the end of a sign-in."""
        return datetime.now(UTC)

    @property
    def shift(self) -> timedelta:
        if self._file is not None:
            self._read_shift(self._file)
        return self._shift

    def move(self, by: timedelta) -> timedelta:
        """Move the clock on (or back) and return the whole shift; written to the file when one is followed."""
        shift = self.shift + by
        if self._file is not None:
            written = self._file.with_suffix(".new")
            written.write_text(str(shift.total_seconds()))
            written.replace(self._file)  # at once, so that no process reads an empty file
            self._read_at = None
        self._shift = shift
        return shift

    def set(self, moment: datetime) -> None:
        """Move the clock so that it is `moment` now."""
        self.move(moment - self.now())

    def follow(self, file: Path | None) -> None:
        """Take the shift from `file` from now on; None returns to the real time."""
        self._file, self._shift, self._read_at = file, timedelta(), None

    @contextmanager
    def standing(self, moment: datetime) -> Iterator[None]:
        """Inside it is `moment`, and later only by `move` and `set`; no file is touched."""
        with self.apart():
            self._shift, self._still = timedelta(), moment
            try:
                yield
            finally:
                self._still = None

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Inside, moves are for this process alone and touch no file; afterwards it is the time that it was."""
        file, self._shift, self._file = self._file, self.shift, None
        before = self._shift
        try:
            yield
        finally:
            self._file, self._shift, self._read_at = file, before, None

    def _read_shift(self, file: Path) -> None:
        try:
            changed_at = file.stat().st_mtime
        except FileNotFoundError:
            self._shift = timedelta()
            return
        if changed_at != self._read_at:
            self._shift = timedelta(seconds=float(file.read_text() or 0))
            self._read_at = changed_at


clock = Clock()
