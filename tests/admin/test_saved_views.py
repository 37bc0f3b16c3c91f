"""Saved views at their door: kept from the filters that are on, shared, changed, and nobody else's business (X9)."""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from flows.access import read_as
from flows.models import AuditEntry, SavedView
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from tests.admin.conftest import ClientOf
from tests.world import World

pytestmark = [pytest.mark.usefixtures("unprotected"), pytest.mark.requirement("X9")]
VIEWS = "/admin/instances/views"
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])


def kept() -> list[SavedView]:
    end_reading()
    return list(read_as(SYSTEM).scalars(select(SavedView).order_by(SavedView.id)))


def save(client: FlaskClient, name: str, of: str, shared: bool = False) -> str:
    answer = client.post(f"{VIEWS}/new", data={"name": name, "of": of, **({"is_shared": "1"} if shared else {})})
    assert answer.status_code == 303, answer.text
    return kept()[-1].uid


def shown(client: FlaskClient) -> str:
    return client.get("/admin/instances/").text


def test_view_is_kept_from_the_filters_and_opens_them_again(client_of: ClientOf, world: World) -> None:
    client = client_of(world.agent)
    link = "/admin/instances/views/new?of=agent%3Dme%26status%3Doverdue%26sort%3Ddue"
    assert f'href="{link}" data-dialog' in client.get("/admin/instances/?agent=me&status=overdue&sort=due").text
    asked = client.get(link).text
    assert "Agent: Me, Status: Overdue" in asked
    save(client, "My late ones", "agent=me&status=overdue&sort=due&foo=bar&status=nonsense&cursor=x")
    (view,) = kept()
    assert (view.name, view.is_shared, view.page) == ("My late ones", False, "instances")
    assert view.query == "agent=me&status=overdue&sort=due", "only what means something is kept"
    tab = '<a href="/admin/instances/?agent=me&amp;status=overdue&amp;sort=due"'
    assert f"{tab}>My late ones</a>" in shown(client)
    assert f'{tab} aria-current="page">My late ones</a>' in client.get(f"/admin/instances/?{view.query}").text
    save(client, "My late ones", "agent=none")
    (again,) = kept()
    assert (again.uid, again.query) == (view.uid, "agent=none"), "the same name takes the new filters"


@on_sqlite
def test_private_view_is_nobody_elses(client_of: ClientOf, world: World, database: str) -> None:
    uid = save(client_of(world.agent), "Secret", "agent=me")
    for other in (world.admin, world.reader):
        client = client_of(other)
        assert "Secret" not in shown(client)
        assert "Secret" not in client.get(VIEWS).text
        for url in (f"{VIEWS}/{uid}", f"{VIEWS}/{uid}/remove"):
            assert client.get(url).status_code == 404
            assert client.post(url, data={"name": "Taken"}).status_code == 404
        assert client.get(f"{VIEWS}/vw_nobody").status_code == 404
    assert [view.name for view in kept()] == ["Secret"]


@on_sqlite
def test_shared_view_is_everybodys_to_open_and_its_owners_to_change(
    client_of: ClientOf, world: World, database: str
) -> None:
    uid = save(client_of(world.agent), "Team", "status=overdue", shared=True)
    reader = client_of(world.reader)
    assert ">Team</a>" in shown(reader)
    listed = reader.get(VIEWS).text
    assert "Gus Agent" in listed
    assert f"{VIEWS}/{uid}" not in listed, "no button that would be refused"
    for url in (f"{VIEWS}/{uid}", f"{VIEWS}/{uid}/remove"):
        assert reader.post(url, data={"name": "Taken"}).status_code == 403
    admin = client_of(world.admin)
    assert admin.post(f"{VIEWS}/{uid}", data={"name": "Late", "is_shared": "1"}).status_code == 303
    assert [(view.name, view.user_id) for view in kept()] == [("Late", world.user_ids["agent"])]
    assert client_of(world.agent).post(f"{VIEWS}/{uid}", data={"name": "Late"}).status_code == 303
    assert not kept()[0].is_shared
    assert ">Late</a>" not in shown(reader)
    assert admin.get(f"{VIEWS}/{uid}").status_code == 404
    assert client_of(world.agent).post(f"{VIEWS}/{uid}/remove").status_code == 303
    assert kept() == []
    end_reading()
    told = read_as(SYSTEM).scalars(select(AuditEntry.kind).where(AuditEntry.kind.startswith("view_"))).all()
    assert told == ["view_shared", "view_shared", "view_unshared"]


@on_sqlite
def test_sharing_needs_a_permission(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.reader)
    assert "Show it to all colleagues" not in client.get(f"{VIEWS}/new?of=show%3Dopen").text
    save(client, "Mine", "show=open", shared=True)
    assert not kept()[0].is_shared, "a tick that was not offered says nothing"


@on_sqlite
@pytest.mark.parametrize(("name", "words"), [
    ("", "Enter a name for the view"), ("  ", "Enter a name for the view"), ("x" * 81, "Use 80 characters at most"),
])  # fmt: skip
def test_name_is_checked(client_of: ClientOf, world: World, name: str, words: str, database: str) -> None:
    answer = client_of(world.agent).post(f"{VIEWS}/new", data={"name": name, "of": "show=open"})
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert 'name="of" value="show=open"' in answer.text
    assert kept() == []


@on_sqlite
def test_no_more_views_stand_in_the_list_than_fit(client_of: ClientOf, world: World, database: str) -> None:
    client = client_of(world.agent)
    for n in range(7):
        save(client, f"View {n}", f"q={n}")
    html = shown(client)
    assert ">View 5</a>" in html
    assert ">View 6</a>" not in html
    assert ">More views</a>" in html
    assert ">View 6</a>" in client.get(VIEWS).text
