"""Changes to one request and to many: asked about, done one by one, told with every refusal (X8, C29)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from admin import bulk
from flows import access
from flows.clock import clock
from flows.models import Instance, TimelineEvent
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from tests.admin.conftest import ClientOf
from tests.guided.conftest import Play, move_in, play
from tests.queries.conftest import Made, made
from tests.world import World

__all__ = ["made", "move_in", "play"]

pytestmark = pytest.mark.usefixtures("unprotected", "move_in")
on_sqlite = pytest.mark.parametrize("database", ["sqlite"])
BULK = "/admin/instances/bulk"


def now_of(reference: str) -> Instance:
    end_reading()
    return access.instance_to_read(SYSTEM, reference)


def kinds(reference: str) -> list[str]:
    """What was told of it, besides how these tests made it."""
    query = select(TimelineEvent.kind).where(
        TimelineEvent.instance_id == now_of(reference).id, TimelineEvent.kind != "adjusted"
    )
    return list(access.read_as(SYSTEM).scalars(query.order_by(TimelineEvent.seq)))


def form_of(html: str) -> dict[str, str]:
    """The hidden fields of the form on a page, as a browser sends them back."""
    main = html.partition("<main")[2]
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', main)
    return {name: unescape(value) for name, value in fields if name != "csrf_token"}


def asked(client: FlaskClient, what: str, *references: str, of: str = "", **more: str) -> str:
    answer = client.get(BULK, query_string={"what": what, "ref": references, "of": of, **more})
    assert answer.status_code == 200
    return answer.text


@pytest.mark.requirement("C29")
def test_assign_to_me_from_the_menu_of_a_row(client_of: ClientOf, world: World, play: Play) -> None:
    play.start()
    client = client_of(world.agent)
    html = client.get("/admin/instances/?show=open").text
    button = re.search(r'<button form="now" name="ref" value="(TI-\d+)" data-key="a">Assign to me</button>', html)
    assert button is not None
    form = form_of(html.partition('<form id="now"')[2].partition("</form>")[0].join(["<main", ""]))
    assert form["what"] == "take"
    answer = client.post(BULK, data={**form, "ref": button[1]})
    assert (answer.status_code, answer.location) == (303, "/admin/instances/?show=open")
    assert f"Assigned to you: {play.ref}." in client.get(answer.location).text
    assert play.now().assignee_id == world.user_ids["agent"]
    assert play.kinds()[-1] == "assigned"
    again = client.post(BULK, data={**form, "ref": button[1]})
    assert again.status_code == 303, "sent twice by a doubtful click, done once"
    assert play.kinds().count("assigned") == 1
    late = client.post(BULK, data={"what": "take", "ref": button[1]})
    assert "It is assigned to Gus Agent already" in late.text


@pytest.mark.requirement("X8")
def test_many_are_asked_about_changed_and_told(client_of: ClientOf, world: World, play: Play, made: Made) -> None:
    refs = []
    for _ in range(3):
        play.start()
        refs.append(play.ref)
    closed = made(status="cancelled")
    client = client_of(world.agent)
    html = asked(client, "assign", *refs, closed, of="status=in_progress")
    assert "<h1>Assign: 4 requests</h1>" in html
    assert "3 requests will change; 1 is closed and will be skipped." in html
    assert f"{refs[0]} Move-in, Priya Shah" in html
    assert '<a class="btn" href="/admin/instances/?status=in_progress">Cancel</a>' in html
    form = form_of(html)
    nobody = client.post(BULK, data=form)
    assert nobody.status_code == 422
    assert "Choose a colleague who can sign in" in nobody.text
    told = client.post(BULK, data={**form_of(nobody.text), "assignee": "usr_ada", "note": "Ada has the keys"})
    assert told.status_code == 200
    assert "<h1>Assigned: 3 requests</h1>" in told.text
    assert "1 was not changed" in told.text
    assert f'<a href="/admin/instances/{closed}">{closed}</a> {closed} has ended already' in told.text
    for reference in refs:
        assert now_of(reference).assignee_id == world.user_ids["admin"]
    assert now_of(closed).assignee_id is None
    seen = access.read_as(SYSTEM).scalars(select(TimelineEvent).where(TimelineEvent.kind == "assigned")).all()
    assert [one.facts["note"] for one in seen] == ["Ada has the keys"] * 3


@pytest.mark.requirement("X8")
@on_sqlite
def test_each_change_calls_its_verb(client_of: ClientOf, world: World, play: Play, database: str) -> None:
    play.start()
    play.assign("usr_gus")
    client = client_of(world.admin)

    def done(what: str, words: str, **typed: str) -> None:
        answer = client.post(BULK, data={**form_of(asked(client, what, play.ref)), **typed})
        assert answer.status_code == 303, answer.text
        assert f"{words}: {play.ref}." in client.get(answer.location).text

    done("unassign", "Assigned to nobody", note="Gus is away")
    assert play.now().assignee_id is None
    done("take", "Assigned to you")
    assert play.now().assignee_id == world.user_ids["admin"]
    done("assign", "Assigned", assignee="usr_gus", note="")
    assert play.now().assignee_id == world.user_ids["agent"]
    done("due", "Due date changed", due_at="2027-07-01", reason="The lift is out of order")
    assert play.now().due_at == datetime(2027, 7, 1, 22, 59, 59, tzinfo=UTC), "the end of that day in London"
    done("remind", "Reminder sent")
    assert play.kinds()[-1] == "timer_fired"
    done("cancel", "Cancelled", reason="Moved in with a friend")
    assert play.now().status == "cancelled"


@on_sqlite
@pytest.mark.parametrize(("what", "typed", "words"), [
    ("due", {"due_at": ""}, "Enter a day, like 2026-11-30"),
    ("due", {"due_at": "31.12.2026"}, "Enter a day, like 2026-11-30"),
    ("due", {"due_at": "0001-01-01"}, "Enter a date in the future"),
    ("due", {"due_at": "2026-10-01"}, "Enter a date in the future"),
    ("cancel", {"reason": " "}, "Say why it is cancelled"),
    ("assign", {"assignee": "usr_bea"}, "Choose a colleague who can sign in"),
    ("assign", {"assignee": "usr_ada", "note": "x" * 1001}, "Use 1,000 characters at most"),
])  # fmt: skip
def test_wrong_answers_are_asked_again_and_nothing_is_changed(
    client_of: ClientOf, world: World, play: Play, what: str, typed: dict[str, str], words: str, database: str
) -> None:
    play.start()
    before = play.now().version
    client = client_of(world.admin)
    answer = client.post(BULK, data={**form_of(asked(client, what, play.ref)), **typed})
    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert f'value="{play.ref}"' in answer.text, "the choice is kept"
    assert play.now().version == before


@on_sqlite
def test_forecast_says_what_is_so_already(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    mine, other = made(assignee_id=world.user_ids["agent"]), made()
    client = client_of(world.agent)
    assert "1 request will change; 1 is so already." in asked(client, "take", mine, other)
    assert "1 request will change; 1 is so already." in asked(client, "unassign", mine, other)
    assert "2 requests will change." in asked(client, "remind", mine, other)
    gone = made(status="in_progress", expires_at=clock.now() - timedelta(hours=1))
    assert "0 requests will change; 1 is closed and will be skipped." in asked(client, "take", gone)


@pytest.mark.requirement("X8")
@on_sqlite
def test_all_that_match_are_changed_and_no_other(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    fitting = {made() for _ in range(30)}
    other = made(status="not_started")
    client = client_of(world.agent)
    html = asked(client, "take", other, of="status=in_progress", all="1")
    assert "30 requests will change." in html
    assert "and 20 more" in html
    assert set(form_of(html)["refs"].split(",")) == fitting
    answer = client.post(BULK, data=form_of(html))
    assert answer.location == "/admin/instances/?status=in_progress"
    assert "Assigned to you: 30 requests." in client.get(answer.location).text
    assert {now_of(one).assignee_id for one in fitting} == {world.user_ids["agent"]}
    assert now_of(other).assignee_id is None


@pytest.mark.requirement("X8")
@on_sqlite
def test_what_takes_long_goes_on_in_parts(
    client_of: ClientOf, world: World, made: Made, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    refs = [made(), made(status="cancelled"), made(), made(), made()]
    client = client_of(world.agent)
    first = client.post(BULK, data={**form_of(asked(client, "assign", *refs)), "assignee": "usr_ada", "note": "Yours"})
    assert "2 of 5 done" in first.text
    assert now_of(refs[0]).assignee_id is None, "the newest come first"
    second = client.post(BULK, data=form_of(first.text))
    assert "4 of 5 done" in second.text
    assert [now_of(one).assignee_id for one in refs] == [None, None] + [world.user_ids["admin"]] * 3
    again = client.post(BULK, data=form_of(first.text))
    assert "4 of 5 done" in again.text, "sent again it changes nothing twice"
    last = client.post(BULK, data=form_of(second.text))
    assert "<h1>Assigned: 4 requests</h1>" in last.text
    assert f"{refs[1]} has ended already" in last.text
    for reference in (refs[0], *refs[2:]):
        assert kinds(reference) == ["assigned"]


@on_sqlite
def test_more_than_a_thousand_are_refused_with_the_cure(
    client_of: ClientOf, world: World, made: Made, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    monkeypatch.setattr(bulk, "MOST", 2)
    refs = [made() for _ in range(3)]
    client = client_of(world.agent)
    answer = client.get(BULK, query_string={"what": "take", "all": "1"})
    assert answer.status_code == 422
    assert "Narrow the filters, and change them in parts." in answer.text
    assert client.post(BULK, data={"what": "take", "refs": ",".join(refs)}).status_code == 422
    assert {now_of(one).assignee_id for one in refs} == {None}


@on_sqlite
def test_nothing_chosen_is_said(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    reference, client = made(), client_of(world.agent)
    assert "Choose at least one request" in asked(client, "take")
    assert "Choose at least one request" in asked(client, "take", "TI-9999", "x", "TI-99999999999", "\0")
    assert "Choose what to do with them" in asked(client, "", reference)
    assert "Choose what to do with them" in asked(client, "explode", reference)
    answer = client.post(BULK, data={"what": "take", "refs": "TI-9999", "of": "show=open"})
    assert (answer.status_code, answer.location) == (303, "/admin/instances/?show=open")
    hostile = {"what": "take", "ref": reference, "changed": "x" * 50, "refused": "no colon", "of": "&=&;" * 3000}
    assert client.post(BULK, data={**hostile, "_key": "\0"}).status_code < 500


@pytest.mark.requirement("X25")
@on_sqlite
def test_chosen_ones_as_a_file(client_of: ClientOf, world: World, made: Made, database: str) -> None:
    first, second = made(), made()
    client = client_of(world.reader)
    answer = client.get(BULK, query_string={"what": "export", "ref": [first, "x"], "of": "show=open"})
    assert answer.location == f"/admin/instances/export/csv/?show=open&ref={first}"
    lines = client.get(answer.location).text.splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == [first]
    every = client.get(BULK, query_string={"what": "export", "ref": [first], "of": "show=open", "all": "1"})
    assert every.location == "/admin/instances/export/csv/?show=open"
    assert second in client.get(every.location).text


@on_sqlite
def test_verbs_are_for_whoever_has_their_permission(
    client_of: ClientOf, world: World, made: Made, database: str
) -> None:
    reference = made()
    before = now_of(reference).version
    for what, change in bulk.CHANGES.items():
        client = client_of(world.reader)
        assert client.get(BULK, query_string={"what": what, "ref": reference}).status_code == 403
        assert client.post(BULK, data={"what": what, "refs": reference}).status_code == 403
        agent = client_of(world.agent).get(BULK, query_string={"what": what, "ref": reference})
        assert agent.status_code == (200 if world.agent.may(change.needs) else 403), what
    assert now_of(reference).version == before


@on_sqlite
def test_dialog_closes_when_all_is_done_and_tells_what_was_not(
    client_of: ClientOf, world: World, made: Made, database: str
) -> None:
    reference, closed = made(), made(status="cancelled")
    client, headers = client_of(world.agent), {"X-Fragment": "1"}
    form = form_of(asked(client, "take", reference))
    assert client.post(BULK, data=form, headers=headers).status_code == 204
    answer = client.post(BULK, data={"what": "take", "refs": closed}, headers=headers)
    assert answer.status_code == 200
    assert "has ended already" in answer.text
    assert "<html" not in answer.text
