"""Pages and answers: forms into the raw shape of the API, values back into controls and into words, suggestions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from flows.rules.answers import AnswerContext, check, display, form_parts, from_form, prefill, to_form_text

Make = Callable[..., Any]


@pytest.fixture(scope="module")
def fields(field: Make) -> dict[str, Any]:
    return {
        "name": field(label="Name"),
        "rent": field("money", "Rent"),
        "born": field("date", "Date of birth"),
        "home": field("address", "Home"),
        "pets_ok": field("boolean", "Are pets allowed?"),
        "rooms": field("choices", "Rooms", options={"k": "Kitchen", "b": "Bath"}),
        "sign": field("signature", "Signature"),
        "pets": field("list", "Pets", item={"kind": field(label="Kind"), "born": field("date", "Born")}),
        "words": field("info", "Read this"),
    }


FORM = MultiDict([
    ("csrf_token", "t"), ("action", "submit"), ("words", "x"), ("name", " Priya "), ("rent", "1,200.50"),
    ("born-day", "4"), ("born-month", "2"), ("born-year", "1990"), ("home-line1", "1 High St"), ("home-town", "Leeds"),
    ("pets_ok", "no"), ("pets_ok", "yes"), ("rooms", ""), ("rooms", "b"), ("rooms", "k"), ("sign-name", "Priya"),
    ("pets-10-kind", "cat"), ("pets-2-kind", "dog"), ("pets-2-born-day", "1"), ("pets-2-born-month", "5"),
    ("pets-2-born-year", "2020"), ("pets-3-kind", " "), ("pets-x-kind", "cow"),
])  # fmt: skip


@pytest.mark.requirement("X17")
def test_a_page_posts_the_same_answers_as_the_api(fields: dict[str, Any], today: AnswerContext) -> None:
    checked = check(fields, from_form(fields, FORM), today)
    assert checked.problems == []
    api = {
        "name": "Priya", "rent": 120050, "born": "1990-02-04", "home": {"line1": "1 High St", "town": "Leeds"},
        "pets_ok": True, "rooms": ["b", "k"], "sign": {"name": "Priya"},
        "pets": [{"kind": "dog", "born": "2020-05-01"}, {"kind": "cat"}],
    }  # fmt: skip
    assert checked.values == check(fields, api, today).values


@pytest.mark.requirement("X17")
def test_an_entry_that_is_needed_and_left_empty_stays_and_says_what_it_asks(field: Any, today: AnswerContext) -> None:
    item = {"kind": field(label="Kind", required=True), "name": field(label="Name")}
    left = MultiDict([("pets", ""), ("pets-0-kind", ""), ("pets-0-name", " ")])
    needed, optional = ({"pets": field("list", "Pets", item=item, required=one)} for one in (True, False))
    typed = from_form(needed, left)
    assert typed == {"pets": [{"kind": "", "name": " "}]}
    problems = check(needed, typed, today).problems
    assert [(one.pointer, one.detail) for one in problems] == [("/pets/0/kind", "Enter the kind")]
    assert from_form(optional, left) == {"pets": []}
    assert from_form(needed, MultiDict([("pets-0-kind", ""), ("pets-1-kind", "cat")])) == {"pets": [{"kind": "cat"}]}
    asks_nothing = {"pets": field("list", "Pets", item={"name": field(label="Name")}, required=True)}
    [problem] = check(asks_nothing, from_form(asks_nothing, left), today).problems
    assert (problem.pointer, problem.detail) == ("/pets", "Add at least one entry to the pets")


def test_what_a_page_does_not_ask_is_absent_and_nothing_ticked_is_an_empty_list(fields: dict[str, Any]) -> None:
    assert from_form(fields, MultiDict()) == {}
    assert from_form(fields, MultiDict([("rooms", ""), ("pets", ""), ("pets_ok", "no")])) == {
        "rooms": [],
        "pets": [],
        "pets_ok": "no",
    }


@pytest.mark.parametrize(
    ("name", "value", "control", "words"),
    [
        ("name", "Priya", "Priya", "Priya"),
        ("name", None, "", "Not provided"),
        ("rent", 120050, "1,200.50", "£1,200.50"),
        ("rent", -5, "-0.05", "-£0.05"),
        ("rent", "12 quid", "12 quid", "12 quid"),
        ("pets_ok", True, "yes", "Yes"),
        ("pets_ok", False, "no", "No"),
        ("rooms", ["k", "b"], "k, b", "Kitchen, Bath"),
        ("rooms", [], "", "Not provided"),
        ("born", "2026-11-24", "2026-11-24", "24 November 2026"),
        ("born", {"day": "31", "month": "2", "year": ""}, "", "31 2 "),
        ("home", {"line1": "1 High St", "line2": "", "town": "Leeds"}, "", "1 High St, Leeds"),
        ("sign", {"name": "Priya", "signed_on": "2026-11-24"}, "", "Priya, 24 November 2026"),
        ("pets", [{"kind": "dog", "born": "2020-05-01"}, {"kind": "cat"}], None, "dog, 1 May 2020; cat"),
    ],
)
def test_a_value_goes_back_into_its_control_and_into_words(
    fields: dict[str, Any], name: str, value: Any, control: str | None, words: str
) -> None:
    if control is not None:
        assert to_form_text(fields[name], value) == control
    assert display(fields[name], value) == words


def test_people_files_numbers_and_moments_in_words(field: Make, today: AnswerContext) -> None:
    context = replace(today, people=lambda kind, person_id, within: "Sam" if person_id == 7 else None)
    assert display(field("user"), 7, context) == "Sam"
    assert display(field("user"), 8, context) == "8"
    assert display(field("file"), ["up_1", "up_2"]) == "2 files"
    assert display(field("number"), 1200.0) == "1,200"
    assert display(field("choice", options={"y": None}), "y") == "y"
    assert (
        display(field("choice", options_from="a.b"), "y", replace(today, options=lambda source: {"y": "Yes"})) == "Yes"
    )
    assert display(field("datetime"), "2026-07-01T09:30:00Z", today) == "1 July 2026 at 10:30"
    assert display(field("object"), {"id": 4, "name": "Order 4"}) == "Order 4"


def test_the_parts_of_a_control_keep_what_was_typed(fields: dict[str, Any]) -> None:
    assert form_parts(fields["born"], "2026-02-04") == {"day": "4", "month": "2", "year": "2026"}
    assert form_parts(fields["born"], {"day": "31", "month": "2"}) == {"day": "31", "month": "2", "year": ""}
    assert form_parts(fields["born"], "soon") == {"day": "", "month": "", "year": ""}
    assert form_parts(fields["home"], {"line1": "1", "town": None})["town"] == ""


@pytest.mark.requirement("A26", "A27")
def test_a_form_starts_with_what_the_order_says(field: Make) -> None:
    fields = {
        "company_name": field(default="${{ order.customer.name }}"),
        "domain_name": field("domain", default="${{ order.customer.slug }}.coro.example"),
        "admin_email": field("email"),
    }
    scope = {"order": {"customer": {"name": "Acme Ltd", "slug": "ACME"}}}
    assert prefill(fields, scope) == {"company_name": "Acme Ltd", "domain_name": "acme.coro.example"}
    assert prefill(fields, {"order": {"customer": {"name": "Acme Ltd"}}}) == {"company_name": "Acme Ltd"}


def test_suggestions_of_every_shape(field: Make) -> None:
    fields = {
        "start": field("date", default="today+3d"), "fixed": field("date", default="2026-01-02"),
        "rent": field("money", default="${{ rent }}"), "people": field("integer", default=2),
        "ok": field("boolean", default=False), "odd": field("email", default="${{ customer.name }}"),
        "bad": field("date", default="${{ customer.name }}"), "sum": field(default="${{ rent + 'x' }}"),
    }  # fmt: skip
    wanted = {"start": "2026-11-27", "fixed": "2026-01-02", "rent": 120050, "people": 2, "ok": False, "odd": "Priya"}
    scope = {"rent": 120050, "customer": {"name": "Priya"}}
    assert prefill(fields, scope, date(2026, 11, 24)) == wanted
    assert prefill(fields, {**scope, "now": "2026-11-24T09:00:00+00:00"}) == wanted
