"""Linking a request to an agreement and taking it away through the API, with what it refuses (C41)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from flows.rules.actors import Actor
from tests.api.conftest import Phone, new_key
from tests.housing.letting import agreements, begin, now, states
from tests.world import World


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging", "portal")


@pytest.mark.requirement("C41", "D5")
def test_a_request_is_linked_to_another_agreement_and_unlinked(
    world: World, signed_in: Callable[[Actor], Phone]
) -> None:
    uids, ref = agreements(), begin(world)
    phone, tenant = signed_in(world.agent), signed_in(world.tenant)
    url = f"/instances/{now(ref).uid}"
    before = phone.get(url)
    [agreement, _, far] = before.json["linked"]
    assert agreement == {"key": "agreement", "label": "Link to Agreement", "lookup": "housing.agreements", "to": None}
    assert far["key"] == "far"
    offered = [name for name in before.json["allowed_actions"] if "link" in name]
    assert offered == ["link.agreement", "link.far"], "the estate is for lettings alone"
    found = phone.get(f"/lookups/{agreement['lookup']}?instance_id={now(ref).uid}&q=shah").json["data"]
    assert [one["value"] for one in found] == [uids["AG-1"]]

    key, path = new_key(), f"{url}/links/agreement"
    linked = phone.post(path, {"value": uids["AG-1"]}, key=key, etag=before.headers["ETag"])
    assert linked.status_code == 200, linked.text
    to = linked.json["linked"][0]["to"]
    assert (to["value"], to["label"].partition(",")[0].partition(" ")[0]) == (uids["AG-1"], "AG-1")
    assert "unlink.agreement" in linked.json["allowed_actions"]
    assert phone.post(path, {"value": uids["AG-1"]}, key=key, etag=before.headers["ETag"]).json == linked.json
    assert states(ref)["papers"] == "completed", "the link ticks its steps"
    twice = phone.post(path, {"value": uids["AG-1"]}, key=new_key())
    assert (twice.status_code, twice.json["code"]) == (409, "invalid-transition")
    stale = phone.post(path, {"value": uids["AG-2"]}, key=new_key(), etag=before.headers["ETag"])
    assert (stale.status_code, stale.json["code"]) == (412, "stale-version")
    other = phone.post(path, {"value": uids["AG-2"]}, key=new_key())
    assert other.json["linked"][0]["to"]["value"] == uids["AG-2"]

    silent = phone.post(f"{path}/unlink", {}, key=new_key())
    assert (silent.status_code, silent.json["errors"][0]["pointer"]) == (422, "#/reason")
    gone = phone.post(f"{path}/unlink", {"reason": "The wrong flat"}, key=new_key())
    assert gone.status_code == 200, gone.text
    assert gone.json["linked"][0]["to"] is None
    assert "unlink.agreement" not in gone.json["allowed_actions"]
    again = phone.post(f"{path}/unlink", {"reason": "The wrong flat"}, key=new_key())
    assert (again.status_code, again.json["code"]) == (409, "invalid-transition")
    assert tenant.get(url).json["linked"] == []


@pytest.mark.requirement("C41")
def test_who_may_not_link_and_what_is_no_link(world: World, signed_in: Callable[[Actor], Phone]) -> None:
    uids, ref, other = agreements(), begin(world), begin(world)
    url, body = f"/instances/{now(ref).uid}/links", {"value": uids["AG-1"]}
    agent = signed_in(world.agent)

    def said(phone: Phone, path: str, sent: object = body) -> tuple[int, str]:
        answer = phone.post(f"{url}/{path}", sent, key=new_key())
        return answer.status_code, answer.json["code"]

    assert said(signed_in(world.tenant), "agreement") == (403, "forbidden")
    assert said(signed_in(world.reader), "agreement") == (403, "forbidden")
    assert said(agent, "estate") == (403, "forbidden"), "it is for lettings"
    assert said(agent, "nothing") == (404, "not-found")
    assert said(agent, "agreement", {"value": "agr_nowhere"}) == (422, "validation")
    assert said(agent, "agreement", {"id": uids["AG-1"]}) == (422, "validation")
    assert said(agent, "far") == (422, "validation"), "what is away says so"
    away = agent.post(f"{url}/far", body, key=new_key()).json["errors"]
    assert [(one["pointer"], one["code"]) for one in away] == [("#/value", "away")]
    assert agent.post(f"{url}/agreement", body).json["code"] == "idempotency-key-missing"
    assert agent.post(f"/instances/{now(other).uid}/links/agreement", body, key=new_key()).status_code == 200
    held = agent.post(f"{url}/agreement", body, key=new_key())
    assert held.status_code == 409
    assert other in held.json["detail"]
