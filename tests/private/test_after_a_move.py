"""What was private when it was answered stays private after a move to a version that says otherwise (X12, X13, X20)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from flows import access
from flows.actions import submitting
from flows.catalogue.overlay import field_of
from flows.models import Submission
from flows.rules import private
from flows.rules.actors import SYSTEM, Actor
from flows.rules.migrations import counterparts, still_private
from flows.rules.people import NOBODY, among_both
from flows.rules.private import MASK
from flows.work import end_reading, unit_of_work
from tests.api.conftest import Phone, signed_in
from tests.changing.conftest import V1, Changing, change
from tests.files_play import ready, upload
from tests.guided.conftest import IDENTITY
from tests.portal.browsing import Visitor
from tests.world import World

__all__ = ["change", "signed_in"]
pytestmark = pytest.mark.requirement("X20", "X12", "X13")

NAME = "      legal_name: {type: text, label: Full legal name, required: true"
SENSITIVE = (NAME, f"{NAME}, sensitive: true")
GONE = (f'{NAME}, default: "${{{{ customer.name }}}}"}}\n', "")
TOLD = ("    title: Your household\n", '    title: Your household\n    help: "Hello ${{ data.legal_name }}."\n')
SECRET = "Secret Shah"
GIVEN = {**IDENTITY, "legal_name": SECRET}


def stored(change: Changing) -> list[Any]:
    """The name in every attempt, as it is kept."""
    end_reading()
    sent = access.read_as(SYSTEM).scalars(select(Submission).order_by(Submission.id))
    return [one.answers["legal_name"] for one in sent if "legal_name" in one.answers]


def two_attempts(change: Changing) -> None:
    change.write(SENSITIVE)
    change.start()
    change.submit("identity", GIVEN)
    change.send_back("identity")
    change.submit("identity", GIVEN)


def test_nobody_reads_it_through_any_door(
    app: Flask, change: Changing, world: World, signed_in: Callable[[Actor], Phone]
) -> None:
    two_attempts(change)
    change.migrate(change.write(TOLD))
    assert all(set(one) == {"sealed"} for one in [*stored(change), change.step("identity").answers["legal_name"]])
    agent, tenant = Visitor(app, world.agent), Visitor(app, world.tenant)
    request = f"/admin/instances/{change.ref}"
    pages = [agent.get(request), agent.get(f"{request}/steps/identity/attempts"), agent.get(f"{request}/at")]
    pages += [agent.get(f"/admin/tasks/{change.ref}"), tenant.get(f"/tasks/{change.ref}/steps/identity")]
    pages += [tenant.get(f"/tasks/{change.ref}/steps/household"), tenant.get(f"/tasks/{change.ref}/copy")]
    for page in pages:
        assert SECRET not in page
    assert all(MASK in page for page in (*pages[:2], *pages[4:]))
    phone = signed_in(world.tenant)
    attempts = phone.get(f"/instances/{change.ref}/steps/identity/submissions")
    assert [one["masked"] for one in attempts.json["data"]] == [["/legal_name"]] * 2
    elsewhere = (
        phone.get("/sync"),
        phone.get(f"/instances/{change.ref}"),
        agent.client.get("/admin/instances/export/csv/"),
    )
    assert SECRET not in "".join((attempts.text, *(one.text for one in elsewhere)))
    assert SECRET in agent.send(f"{request}/steps/identity/reveal/legal_name").text


def test_a_later_attempt_is_private_too_and_the_way_back_is_open(change: Changing) -> None:
    two_attempts(change)
    change.migrate(change.write())
    change.send_back("identity")
    change.submit("identity", {**GIVEN, "legal_name": "Another Shah"})
    assert all(set(one) == {"sealed"} for one in stored(change))
    change.migrate(change.write(SENSITIVE, TOLD))
    assert "private" not in change.now().overlay, "its version says so itself again"


def test_a_question_that_went_and_came_back_is_as_private_as_it_was(
    change: Changing, world: World, signed_in: Callable[[Actor], Phone]
) -> None:
    two_attempts(change)
    change.migrate(change.write(GONE))
    change.migrate(change.write(TOLD))
    attempts = signed_in(world.tenant).get(f"/instances/{change.ref}/steps/identity/submissions").json["data"]
    assert [(one["answers"]["legal_name"], one["masked"]) for one in attempts] == [(None, ["/legal_name"])] * 2


def test_what_nobody_had_answered_is_open_as_the_new_version_says(change: Changing) -> None:
    change.write(SENSITIVE)
    change.start()
    change.migrate(change.write())
    assert change.now().overlay == {}
    change.submit("identity", GIVEN)
    assert stored(change) == [SECRET]


def test_what_is_typed_and_not_sent_was_confided_too(change: Changing) -> None:
    change.write(SENSITIVE)
    change.start()
    with unit_of_work(change.world.tenant) as work:
        instance = access.instance_to_change(work, change.ref)
        submitting.save_draft(work, instance, access.step_of(instance, "identity"), {"legal_name": SECRET})
    change.migrate(change.write())
    change.submit("identity", GIVEN)
    assert set(*stored(change)) == {"sealed"}


# --- files ------------------------------------------------------------------------------------------------------

ASKS = 'options: {y: "Yes", n: "No"}}\n'


def with_proof(spec: str) -> tuple[str, str]:
    return ASKS, f"{ASKS}      proof: {{type: file, label: Proof, {spec}}}\n"


@pytest.mark.parametrize(
    ("before", "after", "seen_by", "is_sensitive"),
    [
        ("sensitive: true", "required: false", [], True),
        ("required: false", "sensitive: true", [], True),
        ("required: false", "visible_to: [customer, role.admin]", ["customer", "role.admin"], False),
        ("visible_to: [customer, role.admin]", "required: false", ["customer", "role.admin"], False),
        ("visible_to: [customer, staff]", "visible_to: [customer, role.admin]", ["customer", "role.admin"], False),
    ],
)
def test_the_file_of_an_earlier_attempt_is_for_nobody_who_may_not_see_it_then_and_today(
    app: Flask, change: Changing, world: World, before: str, after: str, seen_by: list[str], is_sensitive: bool
) -> None:
    change.write(with_proof(before))
    change.start()
    earlier, newer = ready(world.tenant, "first-proof.jpg"), ready(world.tenant, "second-proof.jpg")
    change.submit("identity", {**IDENTITY, "proof": [earlier]})
    change.send_back("identity")
    change.submit("identity", {**IDENTITY, "proof": [newer]})
    change.migrate(change.write(with_proof(after)))
    kept = upload(earlier)
    assert ([*kept.visible_to], kept.is_sensitive) == (seen_by, is_sensitive)
    page = Visitor(app, world.agent).get(f"/admin/instances/{change.ref}/steps/identity/attempts")
    assert "first-proof.jpg" not in page
    Visitor(app, world.agent).get(f"/files/{earlier}", status=404 if seen_by else 403)


# --- the rules --------------------------------------------------------------------------------------------------


def names_left(before: str, after: str, answered: set[str], earlier: tuple[str, ...] = ()) -> list[str]:
    """With one question of the flow in two versions."""
    from flows.catalogue import parse_stored

    old, new = (
        parse_stored(V1.replace("wish: {type: text, label: What do you wish for?}", one)) for one in (before, after)
    )
    return still_private(old, new, counterparts(old, new), answered, earlier)


PETS = "pets: {type: list, label: Pets, item: {chip: {type: text, label: Chip%s}}}"


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("pin: {type: text, label: Pin, sensitive: true}", "pin: {type: text, label: Pin}", ["pin"]),
        ("pin: {type: text, label: Pin, sensitive: true}", "other: {type: text, label: Other}", ["pin"]),
        ("pin: {type: text, label: Pin}", "pin: {type: text, label: Pin, sensitive: true}", []),
        (PETS % ", sensitive: true", PETS % "", ["pets.chip"]),
        (PETS % ", sensitive: true", "pets: {type: textarea, label: Pets}", ["pets.chip"]),
        (PETS % ", sensitive: true", "pets: {type: textarea, label: Pets, sensitive: true}", []),
    ],
)
def test_what_stays_private(before: str, after: str, left: list[str]) -> None:
    assert names_left(before, after, {"pin", "pets"}) == left
    assert names_left(before, after, set()) == []
    assert "old_pin" in names_left(before, after, set(), ("old_pin",))


def test_what_an_instance_keeps_private_is_laid_over_its_flow() -> None:
    fields = {
        "pets": field_of({"type": "list", "label": "Pets", "item": {"chip": {"type": "text", "label": "Chip"}}}),
        "story": field_of({"type": "textarea", "label": "Story"}),
    }
    guarded = private.kept_private(fields, ["pets.chip", "gone"])
    assert [*private.parts(guarded)] == ["pets.chip"]
    assert guarded["story"] is fields["story"]
    assert private.kept_private(fields, ["pets"])["pets"].sensitive
    assert private.kept_private(fields, ["story.part"])["story"].sensitive


def test_who_is_among_both() -> None:
    assert among_both([], ["staff"]) == among_both(["staff"], []) == ["staff"]
    assert among_both(["staff", "customer"], ["role.lettings"]) == ["role.lettings"]
    assert among_both(["creator"], ["assignee"]) == [NOBODY]
