"""The engineers' diary: a folder that their own system reads and writes, one file for each visit that is booked."""

from __future__ import annotations

import json
import os
from pathlib import Path

from flows.plugin import PassingFault, PermanentFault


def taken() -> frozenset[str]:
    """The slots that somebody has booked already."""
    return frozenset(json.loads(file.read_text())["slot"] for file in _folder().glob("visit-*.json"))


def book(slot: str, key: str, ref: str) -> None:
    """Once for each key, however often it is asked; a slot that another task has is taken."""
    file = _visit(slot)
    try:
        with file.open("x", encoding="utf-8") as diary:
            json.dump({"slot": slot, "key": key, "task": ref}, diary)
    except FileExistsError:
        if json.loads(file.read_text())["key"] != key:
            raise PermanentFault(f"{slot} was taken meanwhile; reopen the step, so that another is chosen") from None


def free(slot: str) -> None:
    _visit(slot).unlink(missing_ok=True)


def certify(ref: str, home: str, checked_on: str) -> None:
    """The home is safe until the next check; told again, the same is written again."""
    told = {"task": ref, "home": home, "checked_on": checked_on}
    (_folder() / f"certificate-{ref}.json").write_text(json.dumps(told), encoding="utf-8")


def _visit(slot: str) -> Path:
    return _folder() / f"visit-{slot.replace(':', '')}.json"


def _folder() -> Path:
    named = os.environ.get("GAS_SAFETY_DIARY")
    if not named:
        raise PermanentFault("Nobody said where the engineers' diary is; set GAS_SAFETY_DIARY, then retry")
    folder = Path(named)
    if not folder.is_dir():
        raise PassingFault(f"The engineers' diary {folder} is away")
    return folder
