"""The one way in which a command says that it cannot do what was asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

LONGEST = 200


class Trouble(click.ClickException):
    """One line that names what is wrong and its cure, and exit code 2."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(_writable(message))


def called(given: object) -> str:
    """What somebody has typed, as it can be said back to them: not endless, and on one line."""
    text = _writable(str(given)).replace("\0", "\\0").replace("\n", "\\n")
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _writable(text: str) -> str:
    """Without the halves of letters that a name of no known encoding brings: no terminal takes them."""
    return text.encode("utf-8", "replace").decode()


@contextmanager
def writing(path: Path, cure: str = "choose another file") -> Iterator[None]:
    """Trouble, with this cure, where what is inside cannot write the file."""
    try:
        yield
    except OSError as wrong:
        raise Trouble(f"{path} cannot be written ({wrong.strerror}); {cure}") from wrong
