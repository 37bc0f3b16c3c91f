"""Moves and a change of the keys: what is sealed anew says the same, so the ways back stay open (X13, X20)."""

from __future__ import annotations

import pytest

from flows.actions import resealing, sealing
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.changing.conftest import Changing
from tests.guided.conftest import IDENTITY

SENSITIVE = ("legal_name: {type: text,", "legal_name: {type: text, sensitive: true,")
OTHER_WORDS = ("title: Your household", "title: Who lives with you")


@pytest.mark.requirement("X13", "X20")
def test_what_was_sealed_anew_can_still_be_moved_back_one_move_after_the_other(change: Changing) -> None:
    change.write(SENSITIVE)
    change.start()
    change.submit("identity", IDENTITY)
    sealed = change.step("identity").answers["legal_name"]
    change.migrate(change.write(SENSITIVE, OTHER_WORDS))
    change.migrate(change.write())
    with unit_of_work(SYSTEM) as work:
        resealing.reseal_instance(work, change.now().id)
    change.undo()
    change.undo()
    answer = change.step("identity").answers["legal_name"]
    assert answer != sealed
    assert sealing.unsealed(answer) == IDENTITY["legal_name"]
