"""The navigation of the back office by itself: what a page that stays open asks for when somebody has written (C51)."""

from __future__ import annotations

import pytest

from tests.admin.conftest import ClientOf
from tests.guided.conftest import move_in, play
from tests.talk.conftest import Talking, talking
from tests.world import World
from wsgi import PARTS

__all__ = ["move_in", "play", "talking"]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return PARTS


@pytest.mark.requirement("C51")
def test_it_says_what_waits_and_which_page_it_is(client_of: ClientOf, world: World, talking: Talking) -> None:
    client, page = client_of(world.agent), {"Referer": f"http://localhost/admin/instances/{talking.play.ref}"}
    before = client.get("/admin/navigation", headers=page).get_data(as_text=True)
    assert "<title></title>" in before
    assert '<a href="/admin/instances/" aria-current="page">Task instances</a>' in before
    talking.send(world.tenant)
    talking.send(world.tenant)
    after = client.get("/admin/navigation", headers=page).get_data(as_text=True)
    assert "<title>(2)</title>" in after
    assert 'Unread messages <span class="badge">2<span class="sr"> waiting</span></span>' in after
    assert "<title>(2) Orders" in client.get("/admin/orders/").get_data(as_text=True)
    talking.read(world.agent, 2)
    assert client.get("/admin/navigation", headers=page).get_data(as_text=True) == before


@pytest.mark.requirement("C51")
def test_only_staff_have_it(client_of: ClientOf, world: World) -> None:
    assert client_of(world.tenant).get("/admin/navigation").status_code == 403
