"""The three flows load unchanged, and what they bring is found by name."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest

from flows.authoring.checks import lint_paths, list_flows
from flows.authoring.reference import json_schema
from flows.catalogue import load
from flows.catalogue.coverage import coverage
from flows.catalogue.loader import parse_stored
from flows.catalogue.registry import Registry
from flows.catalogue.source import read_source
from flows.catalogue.translation import check_locale, translated, words_of
from tests.catalogue.shipped import FILES, PLUGINS, ROOT, problems_of, shipped, written

DEMO = ROOT / "worker" / "demo" / "flows" / "northgate"
HASHES = {
    "coro-order-fulfilment": "53097e2c4e53f9694f2c025f1e17b5897c95348e0057a74b0df04bba3dea75f6",
    "department-request": "5ed6cac9ffab3625fd46802e54d579355b33d25581af207ee9b3928fc975dda7",
    "tenant-onboarding": "a1c89ce9883d718a9cf20ce1ba03570deb10a34177753b75e61af0831e6aeb2e",
}


def demo() -> Registry:
    return load([DEMO], entry_points=False)


@pytest.mark.requirement("D2")
@pytest.mark.parametrize("flow", FILES)
def test_a_shipped_flow_loads_unchanged_and_without_errors(flow: str) -> None:
    raw = FILES[flow].read_bytes()
    assert sha256(raw).hexdigest() == HASHES[flow]
    assert [problem.text() for problem in problems_of(raw, flow) if problem.severity == "error"] == []
    loaded = shipped().flows[flow]
    assert loaded.text.encode() == raw
    assert loaded.content_hash == HASHES[flow]


@pytest.mark.requirement("D2")
def test_nothing_that_the_shipped_flows_name_is_missing() -> None:
    warned = {name: {p.code for p in flow.problems} for name, flow in shipped().flows.items() if flow.problems}
    assert warned == {}
    assert shipped().broken == []


@pytest.mark.requirement("A2", "D2")
def test_the_order_flow_starts_from_the_shop_event() -> None:
    registry = shipped()
    assert [flow.definition.flow for flow in registry.flows_started_by("order.placed")] == ["coro-order-fulfilment"]
    assert registry.flows_started_by("order.paid") == []
    assert registry.event_type("order.placed") is not None


@pytest.mark.requirement("D2")
def test_actions_tell_their_arguments() -> None:
    cancel, finalise = shipped().action("orders.cancel"), shipped().action("orders.finalise")
    assert cancel is not None
    assert finalise is not None
    assert [(one.name, one.required) for one in cancel.parameters] == [("order", True), ("reason", True)]
    assert not cancel.takes_more
    assert finalise.takes_more
    assert shipped().action("orders.cancle") is None


@pytest.mark.requirement("A9", "X15")
def test_mails_fall_back_from_region_to_language_to_english() -> None:
    registry = shipped()
    created = registry.mail("coro/created", "de")
    assert created is not None
    assert "${{ order.ref }}" in created.subject
    assert "${{ instance.expires_on }}" in created.body
    welsh = registry.mail("onboarding/nudge", "cy-GB")
    assert welsh is not None
    assert welsh.body.startswith("Helo")
    assert registry.mail("coro/nothing", "en") is None


@pytest.mark.requirement("B2", "B13")
def test_a_flow_of_states_knows_its_start_and_its_moves() -> None:
    request = shipped().flows["department-request"].definition
    assert request.start_state == "New"
    assert request.actions["reopen"].from_ == ("Resolved", "Cancelled")
    assert request.actions["cancel"].comment == "required"
    assert [effect.kind for effect in request.effects_for("entered.Resolved")] == ["email"]


@pytest.mark.requirement("X17")
def test_a_key_that_a_field_type_does_not_know_reads_as_nothing() -> None:
    fields = shipped().flows["tenant-onboarding"].definition.all_fields()
    assert fields["born"].options is None
    assert fields["born"].multiple is False
    assert fields["people"].max == 12
    with pytest.raises(AttributeError):
        _ = fields["born"].optoins


@pytest.mark.requirement("X12")
def test_a_published_text_is_parsed_once() -> None:
    text = written("coro-order-fulfilment")
    assert parse_stored(text) is parse_stored(text)
    with pytest.raises(ValueError, match="F102"):
        parse_stored(text.replace("steps:", "stepps:"))


@pytest.mark.requirement("X23")
def test_the_welsh_locale_says_every_word_of_the_flow() -> None:
    path = PLUGINS / "tenant_onboarding" / "locales" / "tenant-onboarding.cy.yaml"
    definition = shipped().flows["tenant-onboarding"].definition
    values, source = read_source(path.read_bytes(), path.name)
    assert check_locale(definition, values, source) == []
    welsh = translated(definition, values)
    assert {way for way, said in words_of(welsh).items() if said == words_of(definition)[way]} == set()


@pytest.mark.requirement("X23")
def test_what_a_locale_does_not_say_stays_and_what_leads_nowhere_is_said() -> None:
    definition = shipped().flows["tenant-onboarding"].definition
    values, source = read_source("title: Symud i mewn\nsteps:\n  pets: {titel: Anifeiliaid}\n", "cy.yaml")
    lost = [problem for problem in check_locale(definition, values, source) if problem.code == "F602"]
    assert [(problem.line, problem.column, problem.cure) for problem in lost] == [(3, 10, "did you mean 'title'?")]
    part = translated(definition, {"title": "Symud i mewn", "steps": {"pets": {"title": "Anifeiliaid"}}})
    assert (part.title, part.steps["pets"].title, part.steps["keys"].title) == (
        "Symud i mewn", "Anifeiliaid", "Collect your keys",
    )  # fmt: skip


@pytest.mark.requirement("D2", "X35")
def test_authors_can_list_and_lint() -> None:
    table = list_flows(shipped())
    assert "coro-order-fulfilment" in table
    assert "order.placed" in table
    assert lint_paths([PLUGINS / "coro"], registry=shipped()) == ("ok", 0)
    assert lint_paths([PLUGINS / "tenant_onboarding"], strict=True, registry=shipped()) == ("ok", 0)
    with pytest.raises(ValueError, match="xml"):
        lint_paths([], "xml", registry=shipped())


@pytest.mark.requirement("X35")
def test_a_path_that_is_not_there_is_a_problem() -> None:
    report, code = lint_paths(["no/such/file.flow.yaml"], registry=shipped())
    assert (code, "F903" in report) == (2, True)


@pytest.mark.requirement("X35")
def test_the_editor_schema_tells_field_types_apart() -> None:
    schema = json_schema()
    assert schema["$id"] == "flow-1.schema.json"
    assert set(schema["required"]) == {"flow", "schema", "title", "start"}
    assert "options" in schema["$defs"]["ChoiceField"]["properties"]
    assert "options" not in schema["$defs"]["TextField"]["properties"]


@pytest.mark.requirement("X35", "C54")
def test_lint_warns_of_words_into_a_conversation_that_has_closed() -> None:
    text = written("tenant-onboarding")
    changed = text.replace("\n  completed:\n", "\n  completed:\n    - message: Welcome home\n", 1)
    known = {(one.code, one.severity) for one in problems_of(text, "tenant-onboarding")}
    found = {(one.code, one.severity) for one in problems_of(changed, "tenant-onboarding")}
    assert found - known == {("F226", "warning"), ("F605", "warning")}, "and no locale says it yet"


@pytest.mark.requirement("X15", "X23")
@pytest.mark.parametrize("registry", [shipped, demo])
def test_every_flow_and_every_mail_of_ours_speaks_welsh(registry: Callable[[], Registry]) -> None:
    loaded = registry()
    assert loaded.flows
    for flow in loaded.flows.values():
        found = {one.language: one for one in coverage(loaded, flow.definition)}
        assert found["cy"].percent == 100, found["cy"]
        assert found["cy"].is_complete, found["cy"]
    english = {kind for plugin in loaded.plugins for kind, language in plugin.mails if language == "en"}
    assert english
    assert {kind for kind in english if (mail := loaded.mail(kind, "cy")) is None or mail.language != "cy"} == set()
