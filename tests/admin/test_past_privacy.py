"""Who may read an answer of the past: decided by who stands where today, and by what is private today (X20)."""

from __future__ import annotations

import pytest

from flows import access
from flows.models import Instance, Submission
from flows.queries import past
from flows.rules.actors import SYSTEM
from flows.work import end_reading, unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_flows import page
from tests.changing.conftest import Changing, change
from tests.guided.conftest import HOUSEHOLD, IDENTITY

__all__ = ["change"]
pytestmark = pytest.mark.requirement("X20", "X12")

ASSIGNEES_ALONE = (
    "      found: {type: text, label: What was found, required: true}",
    "      found: {type: text, label: What was found, required: true}\n"
    "      secret: {type: text, label: Secret, visible_to: [assignee]}",
)
SENSITIVE = ("legal_name: {type: text,", "legal_name: {type: text, sensitive: true,")


def moment_before_the_last(change: Changing) -> int:
    seq = past.life_of(SYSTEM, change.ref).moments[-2].seq
    end_reading()
    return seq


def assign(change: Changing, user_id: int | None) -> None:
    with unit_of_work(SYSTEM) as work:
        instance: Instance = access.instance_to_change(work, change.ref)
        instance.assignee_id = user_id


def test_whoever_had_it_then_and_has_it_no_more_does_not_read_what_its_assignee_reads(
    client_of: ClientOf, change: Changing
) -> None:
    change.write(ASSIGNEES_ALONE)
    change.start()
    change.submit("identity", IDENTITY)
    change.approve("identity")
    change.submit("household", HOUSEHOLD)
    assign(change, change.world.agent.user_id)
    change.submit("inspection", {"found": "All is well", "secret": "TOP-SECRET-1"}, by=change.world.agent)
    client, before = client_of(change.world.agent), f"/admin/instances/{change.ref}/at"
    assert "TOP-SECRET-1" in page(client, before)
    assign(change, change.world.admin.user_id)
    shown = page(client, f"{before}/{moment_before_the_last(change)}")
    assert "All is well" in shown
    assert "TOP-SECRET-1" not in shown


def test_what_became_sensitive_is_masked_before_too_and_sealed_in_every_attempt(
    client_of: ClientOf, change: Changing
) -> None:
    change.start()
    change.submit("identity", {**IDENTITY, "legal_name": "Secret Shah"})
    change.migrate(change.write(SENSITIVE))
    shown = page(client_of(change.world.admin), f"/admin/instances/{change.ref}/at/{moment_before_the_last(change)}")
    assert "Answers (2)" in shown
    assert "Secret Shah" not in shown
    end_reading()
    [sent] = access.read_as(SYSTEM).query(Submission).all()
    assert set(sent.answers["legal_name"]) == {"sealed"}
    change.migrate(change.write())
    end_reading()
    [sent] = access.read_as(SYSTEM).query(Submission).all()
    assert set(sent.answers["legal_name"]) == {"sealed"}, "what was private once stays so in this request"
