"""What a plan says: green, yellow or red, and every reason with its cure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["green", "yellow", "red"]
VERDICTS: tuple[Verdict, ...] = ("green", "yellow", "red")
"""From harmless to impossible."""


@dataclass(frozen=True)
class Reason:
    """One thing that moving means. The text names no person and no moment, so that many instances share it.

    `cure` is what has to be done before it can be moved; only a red one has it.
    """

    verdict: Verdict
    text: str
    cure: str = ""

    def __str__(self) -> str:
        return f"{self.text}: {self.cure}" if self.cure else self.text


@dataclass(frozen=True)
class Plan:
    """What moving one instance to another version comes to."""

    reasons: tuple[Reason, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Green: nothing is lost and nobody has anything new to do. Yellow: it says what. Red: it cannot be done."""
        return max((one.verdict for one in self.reasons), key=VERDICTS.index, default="green")

    @property
    def in_words(self) -> str:
        return "; ".join(str(one) for one in self.reasons)


def yellow(text: str) -> Reason:
    return Reason("yellow", text)


def red(text: str, cure: str = "") -> Reason:
    return Reason("red", text, cure)


def distinct(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """The worst first, each once, otherwise in their order."""
    return tuple(sorted(dict.fromkeys(reasons), key=lambda one: -VERDICTS.index(one.verdict)))
