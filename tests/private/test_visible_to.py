"""A question with `visible_to` is for those it names, and for whoever has to answer it; for others it is not there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from flows.actions import helping
from flows.queries import allowed
from flows.rules import private
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, Refused
from flows.rules.people import Standing
from flows.work import unit_of_work
from tests.api.conftest import Phone, new_key, signed_in
from tests.portal.browsing import Visitor
from tests.private.conftest import MONEY, Confided
from tests.world import World

__all__ = ["signed_in"]

SCHOOLS = [{"name": "Asha", "born": "2019-05-04", "school": "Mill Road"}, {"name": "Dev", "born": "2021-01-01"}]


@pytest.mark.requirement("X20")
def test_whom_each_question_is_for(confided: Confided, world: World) -> None:
    steps = confided.definition().steps

    def seen(actor: Actor, step: str) -> list[str]:
        return list(allowed.fields_for(actor, steps[step].fields, Standing(), steps[step].actor))

    assert "remark" not in seen(world.tenant, "money")
    assert {"diagnosis", "children"} <= set(seen(world.tenant, "money"))
    assert "diagnosis" not in seen(world.agent, "money")
    assert {"remark", "diagnosis"} <= set(seen(world.reader, "money"))
    assert seen(world.admin, "payout") == ["code", "paid_by", "pin"]
    assert seen(world.agent, "payout") == ["paid_by", "pin"], "whoever must answer it sees it; others answer the code"
    assert seen(world.tenant, "payout") == ["paid_by", "pin"]
    items = allowed.fields_for(world.agent, steps["money"].fields, Standing(), "customer")["children"].item
    assert list(items) == ["name", "born"]
    assert list(steps["money"].fields["children"].item) == ["name", "born", "school"], "the flow is as it was"


def problems(refused: Any) -> list[tuple[str, str]]:
    return [(one.pointer, one.code) for one in refused.value.problems]


@pytest.mark.requirement("X20")
def test_giving_what_one_may_not_see_is_giving_what_is_not_there(confided: Confided, world: World) -> None:
    with pytest.raises(Invalid) as hidden:
        confided.submit("money", {**MONEY, "remark": "I am nice"})
    with pytest.raises(Invalid) as nowhere:
        confided.submit("money", {**MONEY, "remarc": "I am nice"})
    assert problems(hidden) == [("/remark", "unknown")]
    words = hidden.value.problems[0].detail.replace("remark", "")
    assert words == nowhere.value.problems[0].detail.replace("remarc", "")
    assert "did you mean" not in words
    with unit_of_work(world.agent) as work, pytest.raises(Invalid) as inside:
        helping.submit_for_customer(
            work, *confided._at(work, "money"), {**MONEY, "diagnosis": "x", "children": SCHOOLS}, version=None,
            stated=True,
        )  # fmt: skip
    assert problems(inside) == [("/diagnosis", "unknown"), ("/children/0/school", "unknown")]


@pytest.mark.requirement("X20")
def test_what_one_does_not_see_stays_as_it_was(confided: Confided, world: World) -> None:
    confided.submit("money", {**MONEY, "children": SCHOOLS})
    confided.send_back("money", "Please look again")
    with unit_of_work(world.agent) as work:
        instance, step = confided._at(work, "money")
        children = [{"name": "Asha Shah", "born": "2019-05-04"}]
        given = {"income": 90_000, "children": children, "remark": "On the phone"}
        helping.submit_for_customer(work, instance, step, given, version=None, stated=True)
    found = confided.answers("money")
    assert (found["iban"], found["diagnosis"]) == (MONEY["iban"], MONEY["diagnosis"])
    assert (found["income"], found["remark"]) == (90_000, "On the phone")
    assert found["children"] == [{"name": "Asha Shah", "born": "2019-05-04", "school": "Mill Road"}]
    confided.send_back("money", "Once more", by=world.admin)
    confided.submit("money", {**MONEY, "children": SCHOOLS})
    assert confided.answers("money")["remark"] == "On the phone", "the customer does not take away what is ours"


@pytest.mark.requirement("X20")
def test_a_step_that_asks_what_only_others_may_answer_is_sent_by_them(confided: Confided, world: World) -> None:
    confided.submit("money", MONEY)
    confided.approve("money")
    with pytest.raises(Refused, match="only admin may answer") as refused:
        confided.submit("payout", {"paid_by": "Gus"}, by=world.agent)
    assert refused.value.status == 403
    confided.draft("payout", {"code": "L-1", "paid_by": "Ada"}, by=world.admin)
    confided.draft("payout", {"paid_by": "Gus"}, by=world.agent)
    assert confided.form("payout", world.agent) == {"paid_by": "Gus"}
    assert confided.form("payout", world.admin) == {"code": "L-1", "paid_by": "Gus"}
    confided.submit("payout", {"paid_by": "Gus"}, by=world.agent)
    assert confided.answers("payout")["code"] == "L-1"


@pytest.mark.requirement("X20")
def test_pages_show_it_to_those_alone(app: Flask, confided: Confided, world: World) -> None:
    url = f"/tasks/{confided.ref}/steps/money"
    tenant = Visitor(app, world.tenant)
    form = tenant.get(url)
    assert "Diagnosis" in form
    assert "Remark of ours" not in form
    sent = tenant.send(url, iban="GB1", income="900", remark="I am nice", diagnosis="Coeliac disease")
    assert sent.status_code == 303
    assert confided.answers("money").get("remark") is None, "a control that is none of theirs is left alone"
    assert "Remark of ours" not in tenant.get(url)
    staff = f"/admin/tasks/{confided.ref}"
    assert "Diagnosis" not in Visitor(app, world.agent).get(staff)
    assert "Remark of ours" in Visitor(app, world.agent).get(staff)
    assert "Diagnosis" in Visitor(app, world.reader).get(staff)
    confided.send_back("money", "Please look again")
    assert "Diagnosis" not in Visitor(app, world.agent).get(f"{staff}/steps/money")
    confided.submit("money", MONEY)
    confided.approve("money")
    assert "Ledger code" not in Visitor(app, world.agent).get(f"{staff}/steps/payout")
    assert "Ledger code" in Visitor(app, world.admin).get(f"{staff}/steps/payout")


@pytest.mark.requirement("X20", "D5")
def test_the_api_shows_and_takes_it_from_those_alone(
    confided: Confided, signed_in: Callable[[Actor], Phone], world: World
) -> None:
    tenant, url = signed_in(world.tenant), f"/instances/{confided.ref}/steps/money"
    step = tenant.get(url)
    assert "remark" not in step.text
    for method, path, more in (("POST", "/submissions", {}), ("PUT", "/draft?validate=true", {})):
        headers = {"Idempotency-Key": new_key(), "If-Match": step.headers["ETag"]}
        answer = tenant.send(method, url + path, {"answers": {**MONEY, "remark": "x"}, **more}, headers)
        assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [("#/answers/remark", "unknown")]
    assert "remark" not in tenant.get(f"{url}/draft").text


def test_who_is_of_which_party() -> None:
    assert private.names_party(["customer"], "customer")
    assert private.names_party(["role.lettings"], "staff")
    assert private.names_party(["creator"], "customer")
    assert private.names_party(["assignee"], "staff")
    assert not private.names_party(["staff", "role.x"], "customer")
    assert not private.names_party(["customer"], "staff")
    assert not private.names_party(["customer"], "system")
