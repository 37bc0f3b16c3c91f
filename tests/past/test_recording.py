"""`baton flows record`: a life written down plays as it was, and nothing of its people is in the file (X20, X32)."""

from __future__ import annotations

import pytest
from flask import Flask

from flows import catalogue
from flows.authoring.play.recording import record
from tests.past.lives import life
from tests.past.test_past import FLOWS


@pytest.mark.requirement("X32")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("flow", FLOWS)
def test_a_recorded_life_plays_as_it_was(app: Flask, flow: str, seed: int) -> None:
    with life(catalogue.current(), flow, seed + 100, steps=25, playable=True) as lived:
        reference = lived.stage.uid_of(lived.instance_id)
    recorded = record(reference)
    assert recorded.failures == (), "\n".join([*lived.story, recorded.text, *recorded.failures])
