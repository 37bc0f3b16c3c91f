"""One class per meaning of "no": rules and verbs raise them, doors translate them (ARCHITECTURE.md section 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.words import N_
from flows.words import gettext as _


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was given.

    `pointer` is a JSON pointer below the answers ("/admin_email", "/pets/0/name"), `code` a stable slug,
    `detail` a sentence for people that names the cure, `meta` the numbers in it.
    """

    pointer: str
    code: str
    detail: str
    meta: Mapping[str, Any] = field(default_factory=dict)


class BatonError(Exception):
    """A refusal that a door can show. `code` is a slug of API.md 7.7."""

    status = 500

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code


class Refused(BatonError):
    """Not there, or not yours: both look the same (404). With `known=True` it may be seen, but this not done (403)."""

    def __init__(self, detail: str = "Not found", *, known: bool = False, code: str = "") -> None:
        super().__init__(detail, code or ("forbidden" if known else "not-found"))
        self.status = 403 if known else 404


class Invalid(BatonError):
    """What was given is wrong; every problem at once (422)."""

    status = 422

    def __init__(self, problems: Sequence[Problem] | str, pointer: str = "", code: str = "invalid") -> None:
        if isinstance(problems, str):
            problems = [Problem(pointer, code, problems)]
        self.problems = list(problems)
        super().__init__("; ".join(p.detail for p in self.problems), "validation")

    def by_field(self) -> dict[str, str]:
        """Form field -> words, the first problem of each. `/pets/0/name` is the field `pets-0-name`."""
        found: dict[str, str] = {}
        for problem in self.problems:
            found.setdefault(problem.pointer.strip("/").replace("/", "-"), problem.detail)
        return found


class OutOfStep(BatonError):
    """The instance or order has moved on since the actor looked (409)."""

    status = 409

    def __init__(self, detail: str, code: str = "invalid-transition") -> None:
        super().__init__(detail, code)


class Stale(BatonError):
    """The version that the actor saw is not the current one (412)."""

    status = 412

    def __init__(self, detail: str, current: int | str | None = None) -> None:
        super().__init__(detail, "stale-version")
        self.current = current


class Busy(BatonError):
    """Too many tries; come back in `retry_after` seconds (429)."""

    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, "rate-limited")
        self.retry_after = retry_after


class Unreadable(BatonError):
    """The text that an instance was started with means nothing to this Baton: whoever runs it has to act (503)."""

    status = 503

    def __init__(self, flow: str, why: str) -> None:
        said = N_("What %(flow)s said when this began cannot be read: %(why)s. It needs the Baton that published it")
        super().__init__(_(said, flow=flow, why=why), "unavailable")
        self.why = why
