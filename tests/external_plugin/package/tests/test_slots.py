"""The lookup and the diary by themselves: who may choose what, and booked once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from baton_gas_safety import actions, diary
from baton_gas_safety.lookups import slot_named, slots

from flows.plugin import PassingFault, PermanentFault

FRIDAY = datetime(2026, 4, 3, 9, tzinfo=UTC)
"""Good Friday: the first working day is the Tuesday after Easter."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GAS_SAFETY_DIARY", str(tmp_path))
    return tmp_path


def asked(*chosen: str) -> Any:
    return SimpleNamespace(now=FRIDAY, chosen=frozenset(chosen))


def test_what_is_booked_is_offered_to_nobody_else() -> None:
    first, second, *_ = slots(asked(), "")
    assert (first.value, first.label, first.detail) == ("2026-04-07T09:00-ann", "Tuesday 7 April, 09:00", "Ann Price")
    assert [slot.detail for slot in slots(asked(), "tuesday 7 april")] == ["Ann Price", "Dai Rees"] * 2
    actions.book(SimpleNamespace(key="one"), first.value, "TI-1")
    assert slots(asked(), "")[0] == second
    assert slot_named(asked(), first.value) is None
    assert slot_named(asked(first.value), first.value) == first
    assert slot_named(asked(), "2026-04-04T09:00-ann") is None, "a Saturday"


def test_asked_twice_it_is_booked_once_and_freed_it_can_be_had_again() -> None:
    for _ in range(2):
        actions.book(SimpleNamespace(key="one"), "2026-04-07T09:00-ann", "TI-1")
    with pytest.raises(PermanentFault, match="taken meanwhile"):
        actions.book(SimpleNamespace(key="two"), "2026-04-07T09:00-ann", "TI-2")
    actions.free(SimpleNamespace(), "2026-04-07T09:00-ann")
    assert diary.taken() == frozenset()


def test_a_diary_that_is_away_is_tried_again(folder: Path) -> None:
    folder.rmdir()
    with pytest.raises(PassingFault):
        actions.certify(SimpleNamespace(), "TI-1", "H-204", "2026-04-07")
