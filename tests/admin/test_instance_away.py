"""Away: everybody names who stands in for themselves (X6); and who gets near the pages of instances at all."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from flows.access import read_as
from flows.models import Delegation
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from tests.admin.conftest import ClientOf
from tests.admin.desk import words_in
from tests.world import World

RIGHT = {"delegate": "usr_ada", "starts_on": "2026-11-05", "ends_on": "2026-11-09", "note": "At the sea"}


def delegations() -> list[Delegation]:
    end_reading()
    return list(read_as(SYSTEM).scalars(select(Delegation)))


def send(client: FlaskClient, path: str, status: int = 303, **fields: str) -> str:
    answer = client.post(f"/admin/away/{path}", data=fields)
    assert answer.status_code == status, words_in(answer)
    return words_in(client.get(answer.location)) if status == 303 else words_in(answer)


@pytest.mark.requirement("X6")
def test_named_seen_by_both_and_ended(client_of: ClientOf, world: World, unprotected: None) -> None:
    gus, ada = client_of(world.agent), client_of(world.admin)
    home = words_in(gus.get("/admin/"))
    assert '<p><a href="/admin/away/">Away</a></p>' in home, "it stands in the person's own menu"
    assert "usr_gus" not in words_in(gus.get("/admin/away/new")), "nobody stands in for themselves"
    html = send(gus, "new", **RIGHT)
    for words in ("Ada Admin", "5 November 2026 to 9 November 2026", "Planned", "At the sea"):
        assert words in html
    assert "For whom you stand in" in words_in(ada.get("/admin/away/"))
    (one,) = delegations()
    assert ada.get(f"/admin/away/{one.uid}/withdraw").status_code == 404, "it is not hers to end here"
    assert ada.post(f"/admin/away/{one.uid}/withdraw").status_code == 404
    assert "Are you back?" in words_in(gus.get(f"/admin/away/{one.uid}/withdraw"))
    assert "Nobody. What is assigned to you stays yours." in send(gus, f"{one.uid}/withdraw")
    assert delegations() == []
    assert gus.get(f"/admin/away/{one.uid}/withdraw").status_code == 404


@pytest.mark.requirement("X6")
@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"delegate": ""}, ["delegate"]),
        ({"delegate": "usr_priya"}, ["delegate"]),
        ({"delegate": "usr_gus"}, ["delegate"]),
        ({"starts_on": "soon", "ends_on": "", "delegate": "x"}, ["delegate", "starts_on", "ends_on"]),
        ({"ends_on": "2026-11-04"}, ["ends_on"]),
        ({"starts_on": "2026-10-01", "ends_on": "2026-10-02"}, ["ends_on"]),
    ],
)
def test_bad_input_is_told_all_at_once(
    client_of: ClientOf, world: World, unprotected: None, wrong: dict[str, str], told: list[str]
) -> None:
    html = send(client_of(world.agent), "new", 422, **{**RIGHT, **wrong})
    for name in told:
        assert f'<a href="#{name}">' in html
    assert 'value="At the sea"' in html
    assert delegations() == []


@pytest.mark.parametrize("database", ["sqlite"])
def test_no_door_here_opens_to_customers_and_strangers(
    app: Flask, client_of: ClientOf, world: World, database: str
) -> None:
    found = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith(("/admin/instances", "/admin/away"))]
    assert len(found) >= 30
    nobody, tenant = client_of(None), client_of(world.tenant)
    for rule in found:
        url = re.sub(
            r"<(?:[^>]*:)?(\w+)>", lambda hole: {"ref": "TI-2001", "seq": "1"}.get(hole[1], "details"), rule.rule
        )
        if "GET" in (rule.methods or ()):
            assert nobody.get(url).status_code == 303, url
            assert tenant.get(url).status_code == 403, url
        if "POST" in (rule.methods or ()):
            assert client_of(world.admin).post(url).status_code == 400, f"{url} wants its token"
