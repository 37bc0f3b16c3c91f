"""`baton flows lint --explain CODE`: what a code means, and the same few lines wrong and right, from explained/*.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files

from flows.catalogue.lint import EXPLANATIONS

FLOW = "tea.flow.yaml"
"""The file of which an example shows some lines, unless it names another one."""
_FENCE = re.compile(r"^```(\w+) (wrong|right|both)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## ([FS]\d{3})$\n", re.MULTILINE)
_MORE = ("latin-1",)


@dataclass(frozen=True)
class Piece:
    """Some lines of a file. `encoding` is how it is saved."""

    file: str
    text: str
    encoding: str = "utf-8"


@dataclass(frozen=True)
class Explained:
    """One code: in a sentence, in more of them, and the files of its two examples."""

    code: str
    brief: str
    words: str
    wrong: tuple[Piece, ...]
    right: tuple[Piece, ...]

    def text(self) -> str:
        return "\n".join([
            f"{self.code}: {self.brief}", "", self.words,
            "", "Wrong:", *_shown(self.wrong), "", "Right:", *_shown(self.right),
        ])  # fmt: skip


def explain(code: str) -> str | None:
    """What a code means, with an example; None when there is no such code."""
    found = explained().get(code.strip().upper())
    return found.text() if found is not None else None


def codes_like(code: str) -> str:
    """Codes that may have been meant, else all of them."""
    meant = code.strip().upper()
    near = [known for known in EXPLANATIONS if len(meant) > 1 and known.startswith(meant)]
    near = near or get_close_matches(meant, EXPLANATIONS, n=1, cutoff=0.7)
    return f"did you mean {' or '.join(sorted(near))}?" if near else f"there are {', '.join(sorted(EXPLANATIONS))}"


@cache
def explained() -> dict[str, Explained]:
    """Every code, in the order of EXPLANATIONS."""
    folder = files("flows.authoring") / "explained"
    found: dict[str, Explained] = {}
    for entry in folder.iterdir():
        _, *parts = _SECTION.split(entry.read_text(encoding="utf-8"))
        for code, body in zip(parts[::2], parts[1::2], strict=True):
            found[code] = _read(code, body)
    return {code: found[code] for code in EXPLANATIONS}


def _read(code: str, body: str) -> Explained:
    words = body.partition("```")[0].strip()
    pieces = {side: tuple(_pieces(body, side)) for side in ("wrong", "right")}
    return Explained(code, EXPLANATIONS[code], words, pieces["wrong"], pieces["right"])


def _pieces(body: str, side: str) -> Iterator[Piece]:
    for _, of, more, text in _FENCE.findall(body):
        if of in (side, "both"):
            yield Piece(FLOW, text, more) if more in _MORE else Piece(more or FLOW, text)


def _shown(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        yield ""
        if piece.file != FLOW:
            yield f"  in {piece.file}:"
        yield from (f"    {line}".rstrip() for line in piece.text.rstrip("\n").split("\n"))
