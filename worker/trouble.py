"""The one way in which a command says that it cannot do what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


class Trouble(click.ClickException):
    """One line that names what is wrong and its cure, and exit code 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        # a name in no known encoding has halves of letters, which no terminal takes
        super().__init__(message.encode("utf-8", "replace").decode())


@contextmanager
def writing(path: Path, cure: str = "choose another file") -> Iterator[None]:
    """Trouble, with this cure, where what is inside cannot write the file."""
    try:
        yield
    except OSError as wrong:
        raise Trouble(f"{path} cannot be written ({wrong.strerror}); {cure}") from wrong
