"""Private files name themselves to nobody else; a case keeps what was confided at its start and in its dialogs."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access
from flows.actions import acting, beginning
from flows.actions.beginning import Wish
from flows.models import AuditEntry, Effect, Notice
from flows.queries import timeline
from flows.rules.actors import SYSTEM, Actor
from flows.rules.errors import Invalid
from flows.rules.private import MASK
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests.api.conftest import Phone, signed_in
from tests.files_play import ready
from tests.portal.browsing import Visitor
from tests.private import plugin
from tests.private.conftest import MONEY, PIN, Confided, everything_stored
from tests.world import World

__all__ = ["signed_in"]

SECRET = "Nobody knows that I was a spy"
DOWNLOADS = ("/files/{}", "/files/{}/preview", "/uploads/{}")


@pytest.mark.requirement("X20", "X19")
def test_a_private_file_is_named_only_to_whom_it_is_shown(
    app: Flask, confided: Confided, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    confided.submit("money", MONEY)
    confided.approve("money")
    proof = ready(world.tenant, "diagnosis-letter.jpg")
    confided.draft("hardship", {"proof": [proof]})
    tenant, agent = Visitor(app, world.tenant), Visitor(app, world.agent)
    assert "diagnosis-letter.jpg" in tenant.get(f"/tasks/{confided.ref}/steps/hardship")
    confided.submit("hardship", {"proof": [proof], "story": "The boiler broke"})
    staff = agent.get(f"/admin/tasks/{confided.ref}")
    over = tenant.get(f"/tasks/{confided.ref}/steps/hardship")
    for page in (staff, over):
        assert "diagnosis-letter.jpg" not in page
        assert proof not in page
        assert MASK in page
    step = signed_in(world.agent).get(f"/instances/{confided.ref}/steps/hardship")
    assert (step.json["answers"]["proof"], step.json["masked"]) == (None, ["/proof"])
    assert proof not in step.text
    shown = agent.send(f"/admin/tasks/{confided.ref}/steps/hardship/reveal/proof")
    assert shown.status_code == 200
    assert "diagnosis-letter.jpg" in shown.text
    assert f"/files/{proof}" not in shown.text, "no way to it that nobody records"
    assert confided.kinds().count("sensitive_read") == 1
    confided.reopen("hardship")
    confided.submit("hardship", {"proof": [proof], "story": "The boiler is mended"})
    assert confided.answers("hardship")["proof"] == [proof]


@pytest.fixture
def proven(confided: Confided, world: World) -> str:
    """A private file that the customer has sent; its id."""
    confided.submit("money", MONEY)
    confided.approve("money")
    proof = ready(world.tenant, "diagnosis-letter.jpg")
    confided.submit("hardship", {"proof": [proof], "story": "The boiler broke"})
    return proof


@pytest.mark.requirement("X20", "X10")
def test_staff_open_a_private_file_at_the_recorded_door_alone(
    app: Flask, confided: Confided, proven: str, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    agent, phone = Visitor(app, world.agent), signed_in(world.agent)
    door = f"/admin/tasks/{confided.ref}/steps/hardship/reveal/proof"
    link = f'<a class="btn s" href="{door}">Show'
    assert link in agent.get(f"/admin/tasks/{confided.ref}"), "a page and no dialog: what it gives out is a file"
    for path in DOWNLOADS:
        assert "who had it shown is recorded" in agent.get(path.format(proven), 403)
    for path in ("", "/content"):
        assert phone.get(f"/uploads/{proven}{path}").status_code == 403
    assert confided.kinds().count("sensitive_read") == 0
    shown = agent.send(door)
    assert f'action="{door}/{proven}"' in shown.text
    given = agent.post(f"{door}/{proven}")
    assert (given.status_code, given.mimetype) == (200, "image/jpeg")
    assert given.headers["Cache-Control"] == "private, no-store"
    assert "attachment; filename=diagnosis-letter.jpg" in given.headers["Content-Disposition"]
    told = phone.post(f"/instances/{confided.ref}/steps/hardship/fields/proof/reveal/{proven}")
    assert (told.status_code, told.data) == (200, given.data)
    for answer in (given, told):
        answer.close()
    assert confided.kinds().count("sensitive_read") == 3, "looked at once and opened twice, each time"
    audited = select(AuditEntry.actor_name).where(AuditEntry.kind == "sensitive_file_opened")
    assert access.read_as(SYSTEM).scalars(audited).all() == ["Gus Agent"] * 2
    assert "diagnosis-letter.jpg" not in agent.get(f"/admin/instances/{confided.ref}/history")


@pytest.mark.requirement("X20")
def test_the_recorded_door_gives_out_nothing_else_and_to_nobody_else(
    app: Flask, confided: Confided, proven: str, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    door = f"/admin/tasks/{confided.ref}/steps/hardship/reveal"
    agent, reader, tenant = (Visitor(app, one) for one in (world.agent, world.reader, world.tenant))
    foreign = ready(world.agent, "other.jpg")
    assert agent.post(f"{door}/proof/{foreign}").status_code == 404
    assert agent.post(f"{door}/proof/up_nobody").status_code == 404
    assert agent.post(f"{door}/story/{proven}").status_code == 409
    assert reader.post(f"{door}/proof/{proven}").status_code == 403
    assert tenant.post(f"{door}/proof/{proven}").status_code == 403
    reader.get(f"/files/{proven}", 403)
    assert tenant.client.get(f"/files/{proven}", buffered=True).status_code == 200, "what customers gave is theirs"
    Visitor(app, world.stranger).get(f"/files/{proven}", 404)
    url = f"/instances/{confided.ref}/steps/hardship/fields/proof/reveal/{proven}"
    assert signed_in(world.tenant).post(url).status_code == 403
    assert signed_in(world.reader).post(url).status_code == 403
    assert confided.kinds().count("sensitive_read") == 0


@pytest.mark.requirement("X20")
def test_a_private_file_of_a_draft_is_its_senders_and_their_partys(
    app: Flask, confided: Confided, world: World
) -> None:
    confided.submit("money", MONEY)
    confided.approve("money")
    proof = ready(world.tenant, "diagnosis-letter.jpg")
    confided.draft("hardship", {"proof": [proof]})
    Visitor(app, world.agent).get(f"/uploads/{proof}", 403)
    assert "diagnosis-letter.jpg" in Visitor(app, world.tenant).get(f"/uploads/{proof}")
    confided.draft("hardship", {"proof": []})
    Visitor(app, world.agent).get(f"/uploads/{proof}", 404)


@pytest.fixture
def case(served: None, world: World) -> str:
    with unit_of_work(world.agent) as work:
        fields = {"secret": SECRET, "subject": "A talk", "ours": "Odd"}
        made = beginning.start_by_staff(work, "confidential", "usr_priya", Wish(fields=fields))
        work.session.flush()
        return made.reference


@pytest.mark.requirement("X20")
def test_a_case_does_not_tell(app: Flask, case: str, signed_in: Callable[[Actor], Phone], world: World) -> None:
    assert access.instance_to_read(SYSTEM, case).title == "A talk", "it is not called by what is private"
    with unit_of_work(world.agent) as work:
        acting.act(work, access.instance_to_change(work, case), "finish", asked={"pin": PIN})
    end_reading()
    history = [entry.sentence for entry in timeline.of_instance(world.agent, access.instance_to_read(SYSTEM, case))]
    assert not any(PIN in sentence for sentence in history)
    assert f"The number is {MASK}, the secret {MASK}" in access.read_as(SYSTEM).scalars(select(Notice.text)).all()
    for phone in (signed_in(world.agent), signed_in(world.tenant)):
        shown = phone.get(f"/cases/{case}")
        assert shown.status_code == 200, shown.text
        assert SECRET not in shown.text
        assert MASK in [row["value"] for row in shown.json["asked"]]
    assert "Odd" not in signed_in(world.tenant).get(f"/cases/{case}").text
    assert "Odd" in signed_in(world.agent).get(f"/cases/{case}").text
    assert SECRET not in Visitor(app, world.agent).get(f"/admin/cases/{case}")
    page = Visitor(app, world.tenant).get(f"/cases/{case}")
    assert SECRET not in page
    assert "What we think" not in page
    for effect_id in access.read_as(SYSTEM).scalars(select(Effect.id)).all():
        outbox.deliver(effect_id)
    assert plugin.HANDED == [{"iban": PIN, "words": SECRET}]
    assert [text for text in everything_stored() if SECRET in text or PIN in text] == []


@pytest.mark.requirement("X20")
def test_a_customer_is_not_asked_at_the_start_what_is_for_staff(served: None, world: World) -> None:
    fields = {"secret": SECRET, "subject": "A talk", "ours": "I am nice"}
    with unit_of_work(world.tenant) as work, pytest.raises(Invalid) as refused:
        beginning.start_by_customer(work, "confidential", "cus_shah", fields)
    assert [(one.pointer, one.code) for one in refused.value.problems] == [("/fields/ours", "unknown")]


@pytest.mark.requirement("X20")
def test_pages_of_a_start_ask_nobody_what_is_for_others(
    app: Flask, served: None, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    tenant, agent = Visitor(app, world.tenant), Visitor(app, world.agent)
    for path, asked, ours in (
        ("/requests/support", "Whom to call", "What we know already"),
        ("/cases/new?flow=confidential", "What nobody may know", "What we think"),
    ):
        page = tenant.get(path)
        assert asked in page, path
        assert ours not in page, path
    for path in ("/admin/instances/new?flow=support", "/admin/cases/new?flow=confidential"):
        assert "What we" in agent.get(path), path
    questions = signed_in(world.tenant).get("/flows/support").json["fields"]
    assert [one["key"] for one in questions] == ["emergency"]
    sent = tenant.send("/requests/support", emergency="Auntie Meera", known="I am nice")
    assert sent.status_code == 303, sent.text
    begun = access.instance_to_read(SYSTEM, sent.location.rpartition("/")[2])
    assert begun.inputs.get("known") is None, "a control that is none of theirs is left alone"
