"""The past over the API: for staff who may see the request, with private answers masked (X10)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from flows.clock import clock
from flows.rules.actors import Actor
from tests.api.conftest import Phone
from tests.guided.conftest import HOUSEHOLD, Play, move_in, play

__all__ = ["move_in", "play"]


@pytest.mark.requirement("X1", "X2", "X10")
def test_as_it_was_and_why(play: Play, signed_in: Callable[[Actor], Phone], move_clock: Callable[..., Any]) -> None:
    play.start()
    begun = clock.now()
    move_clock(days=1)
    play.submit("household", HOUSEHOLD)
    api, uid = signed_in(play.world.agent), play.now().uid
    now = api.get(f"/instances/{uid}/at").json
    then = api.get(f"/instances/{uid}/at?moment={(begun + timedelta(minutes=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}").json
    assert (now["status"], then["status"]) == ("in_progress", "not_started")
    states = {step["name"]: step["state"] for step in then["steps"]}
    assert (states["household"], states["pets"]) == ("open", "locked")
    assert then["happened"][0]["kind"] == "instance_started"
    assert api.get(f"/instances/{uid}/at?seq={now['seq']}").json["steps"] == now["steps"]
    [pets] = api.get(f"/instances/{uid}/why?step=pets").json["data"]
    assert (pets["verdict"], pets["rule"]) == (False, "when: data.has_pets == true")
    assert pets["values"] == [{"name": "data.has_pets", "text": "No", "known": True, "hidden": False}]
    assert pets["because"]["text"] == "Your household: answers sent"
    assert api.get(f"/instances/{uid}/at?moment=2001-01-01T00:00:00Z").status_code == 422


@pytest.mark.requirement("X10")
def test_customers_get_none_of_it(play: Play, signed_in: Callable[[Actor], Phone]) -> None:
    play.start()
    api = signed_in(play.world.tenant)
    for path in ("at", "why"):
        assert api.get(f"/instances/{play.now().uid}/{path}").status_code in (403, 404)
