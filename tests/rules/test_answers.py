"""Every kind of answer: what is taken, what it becomes, and the sentence for what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.answers import AnswerContext, Problem, check

Make = Callable[..., Any]
PETS = {"cat": "Cat", "dog": None}


def one(field: Any, raw: Any, context: AnswerContext) -> Any:
    """The clean value of a single field that has no problem."""
    checked = check({"x": field}, {"x": raw}, context)
    assert checked.problems == []
    return checked.values["x"]


def refusal(field: Any, raw: Any, context: AnswerContext) -> tuple[str, str, str]:
    """Pointer, code and sentence of the only problem of a single field."""
    (problem,) = check({"x": field}, {"x": raw}, context).problems
    return problem.pointer, problem.code, problem.detail


@pytest.mark.requirement("X17")
@pytest.mark.parametrize(
    ("type_", "raw", "value"),
    [
        ("text", "  Acme\r\nLtd\x00\t ", "Acme Ltd"),
        ("text", "Cafe\u0301 \ud800", "Caf\u00e9"),
        ("textarea", " a\r\nb\x07 ", "a\nb"),
        ("email", " IT.Team+x@ACME.Example ", "IT.Team+x@acme.example"),
        ("email", "it@b\u00fccher.example", "it@xn--bcher-kva.example"),
        ("domain", "https://Acme.Coro.example./", "acme.coro.example"),
        ("domain", "B\u00fccher.example", "xn--bcher-kva.example"),
        ("phone", "+44 808-157.(0192)", "+448081570192"),
        ("phone", "0044 808 157 0192", "+448081570192"),
        ("url", "Example.com/a?b=c#d", "https://example.com/a?b=c#d"),
        ("url", "http://example.com:8080/x", "http://example.com:8080/x"),
        ("integer", "1,200", 1200),
        ("integer", -3, -3),
        ("number", "1,200.5", 1200.5),
        ("number", 3, 3.0),
        ("money", "1,200.50", 120050),
        ("money", "£ 12", 1200),
        ("money", "-0.05", -5),
        ("money", 120050, 120050),
        ("boolean", "Yes", True),
        ("boolean", False, False),
        ("boolean", "no", False),
        ("date", "2026-11-24", "2026-11-24"),
        ("date", {"day": "4", "month": "02", "year": "2028"}, "2028-02-04"),
        ("date", {"day": 29, "month": 2, "year": 2028}, "2028-02-29"),
        ("datetime", "2026-07-01T10:30", "2026-07-01T09:30:00Z"),
        ("datetime", "2026-07-01T10:30:00+02:00", "2026-07-01T08:30:00Z"),
        ("address", {"line1": " 1 High St ", "town": "Leeds"},
         {"line1": "1 High St", "line2": "", "town": "Leeds", "postcode": "", "country": ""}),
        ("signature", {"name": " Priya "}, {"name": "Priya", "signed_on": "2026-11-24"}),
        ("object", {"id": 1, "lines": [{"a": None}]}, {"id": 1, "lines": [{"a": None}]}),
        ("object", {"a": "x\0\ud800"}, {"a": "x"}),
    ],
)  # fmt: skip
def test_a_good_answer_is_taken_in_its_one_form(
    type_: str, raw: Any, value: Any, field: Make, today: AnswerContext
) -> None:
    found = one(field(type_), raw, today)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.requirement("X17")
@pytest.mark.parametrize(
    ("type_", "raw", "code", "words"),
    [
        ("text", 7, "type", "as text"),
        ("text", ["a"], "type", "as text"),
        ("text", "x" * 501, "too_long", "500 characters or fewer"),
        ("email", "it@", "email", "like name@example.com"),
        ("email", "it@localhost", "email", "like name@example.com"),
        ("email", "a..b@acme.example", "email", "like name@example.com"),
        ("email", "a@b@acme.example", "email", "like name@example.com"),
        ("email", "x" * 65 + "@acme.example", "email", "like name@example.com"),
        ("email", "it@" + "a." * 130 + "example", "too_long", "254"),
        ("email", "it@acme.example\r\nBcc: all@acme.example", "email", "like"),
        ("domain", "acme", "domain", "like example.com"),
        ("domain", "-acme.example", "domain", "like example.com"),
        ("domain", "192.168.0.1", "domain", "like example.com"),
        ("domain", "acme.example/path", "domain", "like example.com"),
        ("domain", "a@acme.example", "domain", "like example.com"),
        ("domain", "a" * 64 + ".example", "domain", "like example.com"),
        ("domain", "a..example", "domain", "like example.com"),
        ("phone", "12345", "phone", "like 01632"),
        ("phone", "٠١٢٣٤٥٦٧", "phone", "like 01632"),
        ("url", "javascript:alert(1)", "url", "like https"),
        ("url", "ftp://example.com", "url", "like https"),
        ("url", "https://me:pw@example.com", "url", "like https"),
        ("url", "https://example.com:99999", "url", "like https"),
        ("url", "https://[::1", "url", "like https"),
        ("url", "https://exam ple.com", "url", "like https"),
        ("integer", "1.5", "integer", "whole number"),
        ("integer", True, "integer", "whole number"),
        ("integer", "1,20", "integer", "whole number"),
        ("integer", 2**53, "integer", "whole number"),
        ("integer", "1" * 5000, "integer", "whole number"),
        ("integer", "1e5", "integer", "whole number"),
        ("number", float("nan"), "number", "as a number"),
        ("number", float("inf"), "number", "as a number"),
        ("number", "NaN", "number", "as a number"),
        ("money", "1.200,50", "money", "like 1,200.50"),
        ("money", "0.005", "money", "like 1,200.50"),
        ("money", 12.5, "money", "like 1,200.50"),
        ("boolean", "maybe", "boolean", "yes or no"),
        ("boolean", 1, "boolean", "yes or no"),
        ("date", "24/11/2026", "date", "like 2026-11-24"),
        ("date", "2026-02-30", "date", "real date"),
        ("date", 20261124, "date", "like 2026-11-24"),
        ("date", {"day": "30", "month": "2", "year": "2026"}, "date", "real date"),
        ("date", {"day": "1", "month": "2", "year": "26"}, "date", "real year"),
        ("date", {"day": "1", "month": "2", "century": "20"}, "unknown", "century"),
        ("datetime", "2026-11-24", "datetime", "date and time"),
        ("datetime", "2026-11-24T25:00", "datetime", "date and time"),
        ("datetime", "0001-01-01T00:00:00+14:00", "datetime", "date and time"),
        ("address", {"line1": "1 High St"}, "required", "town"),
        ("address", {"line1": "1", "town": "Leeds", "planet": "Mars"}, "unknown", "planet"),
        ("address", {"line1": 1, "town": "Leeds"}, "type", "address line 1"),
        ("address", "1 High St", "type", "line1"),
        ("signature", {"name": "P", "signed_on": "2026-11-25"}, "max", "today or earlier"),
        ("signature", {"signed_on": "2026-11-24"}, "required", "full name"),
        ("object", ["a"], "type", "object"),
        ("object", {"a": object()}, "type", "JSON"),
        ("object", {"a": "x" * 70_000}, "too_long", "64 KB"),
        ("file", ["up_1"], "upload_unavailable", "cannot be taken here"),
        ("user", 7, "people_unavailable", "cannot be chosen here"),
    ],
)
def test_a_bad_answer_is_refused_with_its_cure(
    type_: str, raw: Any, code: str, words: str, field: Make, today: AnswerContext
) -> None:
    pointer, found, detail = refusal(field(type_), raw, today)
    assert pointer.startswith("/x")
    assert found == code
    assert words in detail


@pytest.mark.requirement("X17", "A5", "A28")
def test_everything_wrong_is_said_at_once_in_the_order_of_the_form(field: Make, today: AnswerContext) -> None:
    fields = {
        "company_name": field(label="Company Name", required=True, max_length=120),
        "domain_name": field("domain", "Domain Name", required=True),
        "admin_email": field("email", "Admin Email", required=True),
    }
    checked = check(fields, {"domain_name": "nope", "admin_emial": "it@acme.example"}, today)
    assert [(p.pointer, p.code, p.detail) for p in checked.problems] == [
        ("/admin_emial", "unknown", "There is no question called 'admin_emial'; did you mean 'admin_email'?"),
        ("/company_name", "required", "Enter the company name"),
        ("/domain_name", "domain", "Enter the domain name, like example.com"),
        ("/admin_email", "required", "Enter the admin email, like name@example.com"),
    ]
    good = {"company_name": "Acme", "domain_name": "ACME.example", "admin_email": "it@acme.example"}
    assert check(fields, good, today).values == {**good, "domain_name": "acme.example"}


@pytest.mark.parametrize("blank", ["", "\x08\0", "  \r\n", None, [], {}, {"day": "", "month": " ", "year": None}])
def test_blank_is_no_answer_whatever_it_looks_like(blank: Any, field: Make, today: AnswerContext) -> None:
    assert one(field("date"), blank, today) is None
    assert refusal(field("date", "Do you agree?", required=True), blank, today)[1:] == (
        "required",
        "Answer “Do you agree?”",
    )


def test_no_is_an_answer_and_so_is_zero(field: Make, today: AnswerContext) -> None:
    assert one(field("boolean", required=True), False, today) is False
    assert one(field("integer", required=True), 0, today) == 0


@pytest.mark.requirement("X14")
def test_a_draft_keeps_what_was_typed_and_requires_nothing(field: Make, today: AnswerContext) -> None:
    fields = {"a": field(required=True), "b": field("email", required=True), "c": field("integer")}
    checked = check(fields, {"b": "it@", "c": ""}, today, partial=True)
    assert checked.values == {"b": "it@", "c": None}
    assert [p.code for p in checked.problems] == ["email"]


@pytest.mark.requirement("X1", "X2")
def test_a_hidden_answer_is_dropped_whatever_the_door(field: Make, today: AnswerContext) -> None:
    fields = {
        "has_pets": field("boolean"),
        "kind": field("choice", when="data.has_pets", options=PETS, required=True),
        "breed": field(when='data.kind == "dog"', required=True),
        "later": field(when="data.another_step == 1", required=True),
    }
    asked = {"has_pets": True, "kind": "dog", "breed": "Pug"}
    assert check(fields, asked, today).values == asked
    hidden = check(fields, {**asked, "has_pets": False, "breed": 7, "later": "x"}, today)
    assert (hidden.values, hidden.problems) == ({"has_pets": False}, [])
    known = replace(today, scope={"data": {"another_step": 1}})
    assert [p.pointer for p in check(fields, {"has_pets": False}, known).problems] == ["/later"]


@pytest.mark.requirement("X17", "X18")
def test_a_list_checks_each_entry_like_a_form(field: Make, today: AnswerContext) -> None:
    item = {
        "kind": field("choice", "Kind", options=PETS, required=True),
        "name": field(label="Name", when='data.kind == "dog"', required=True),
    }
    pets = field("list", "Pets", item=item, max_items=2, min=1, required=True)
    assert one(pets, [{"kind": "dog", "name": " Rex "}, {"kind": "cat", "name": "x"}], today) == [
        {"kind": "dog", "name": "Rex"},
        {"kind": "cat"},
    ]
    wrong = check({"pets": pets}, {"pets": [{"kind": "dog"}, {"kind": "cow", "legs": 4}]}, today)
    assert [(p.pointer, p.code) for p in wrong.problems] == [
        ("/pets/0/name", "required"),
        ("/pets/1/legs", "unknown"),
        ("/pets/1/kind", "choice"),
    ]
    assert refusal(pets, [{"kind": "cat"}] * 3, today)[1:] == ("too_many", "Pets: add 2 or fewer, not 3")
    assert refusal(pets, "cat", today)[1] == "type"
    assert refusal(pets, ["cat"], today)[:2] == ("/x/0", "type")
    assert refusal(pets, [], today)[1:] == ("required", "Add at least one entry to the pets")


@pytest.mark.requirement("X17")
def test_limits_are_said_as_people_read_them(field: Make, today: AnswerContext) -> None:
    born = field("date", "Date of birth", max="today-18y")
    assert one(born, "2008-11-24", today) == "2008-11-24"
    assert refusal(born, "2008-11-25", today)[1:] == ("max", "Date of birth must be 24 November 2008 or earlier")
    move_in = field("date", "Move-in date", min="today")
    assert refusal(move_in, "2026-11-23", today)[2] == "Move-in date must be today or later"
    assert (
        refusal(field("date", "Visit", min="today+3wd"), "2026-11-26", today)[2]
        == "Visit must be 27 November 2026 or later"
    )
    assert refusal(field("money", "Income", min=5000), "49.99", today)[2] == "Income must be 50.00 or more"
    assert refusal(field("integer", "People", max=12), "13", today)[2] == "People must be 12 or less"
    assert refusal(field("datetime", "Slot", min="today"), "2026-11-23T23:59", today)[1] == "min"
    now = replace(today, scope={"now": "2026-11-24T10:00:00+00:00"})
    assert one(field("datetime", "Slot", max="now-30m"), "2026-11-24T09:30", now) == "2026-11-24T09:30:00Z"
    assert (
        refusal(field("datetime", "Slot", max="now-30m"), "2026-11-24T09:31", now)[2]
        == "Slot must be 24 November 2026 at 09:30 or earlier"
    )
    assert refusal(field(max_length=3), "abcd", today)[2] == "Full Name must be 3 characters or fewer; it is 1 too many"
    code = field(label="Code", pattern="[A-Z]{3}", pattern_error="Three capital letters")
    assert refusal(code, "ab1", today)[2] == "Enter the code in the right form: Three capital letters"
    assert one(code, "ABC", today) == "ABC"


def test_eighteen_years_before_a_leap_day_is_a_real_day(field: Make, today: AnswerContext) -> None:
    leap = replace(today, today=today.today.replace(2028, 2, 29))
    assert one(field("date", max="today-18y"), "2010-02-28", leap) == "2010-02-28"
    assert refusal(field("date", max="today-18y"), "2010-03-01", leap)[1] == "max"


def test_each_part_of_a_date_that_is_missing_is_named(field: Make, today: AnswerContext) -> None:
    checked = check({"x": field("date", "Date of birth")}, {"x": {"day": "4", "month": "", "year": ""}}, today)
    assert [(p.pointer, p.detail) for p in checked.problems] == [
        ("/x/month", "Date of birth must include a month"),
        ("/x/year", "Date of birth must include a year"),
    ]


@pytest.mark.requirement("X17")
def test_choices_come_from_the_flow_or_from_a_plugin(field: Make, today: AnswerContext) -> None:
    assert one(field("choices", options=PETS), ["dog", "cat", "dog", ""], today) == ["dog", "cat"]
    assert refusal(field("choices", options=PETS), "dog", today)[1] == "type"
    assert refusal(field("choices", options=PETS, max_items=1), ["dog", "cat"], today)[1] == "too_many"
    assert (
        refusal(field("choice", "Kind", options=PETS), "cow", today)[2]
        == "Choose the kind from the list; “cow” is not in it"
    )
    assert refusal(field("choice", options=PETS), {"a": 1}, today)[1] == "type"
    slots = field("choice", options_from="housing.key_slots")
    assert refusal(slots, "a", today)[1] == "options_unavailable"
    listed = replace(today, options=lambda source: {"a": source})
    assert one(slots, "a", listed) == "a"
    assert refusal(slots, "b", listed)[1] == "choice"
    searched = replace(
        today, lookup=lambda source, value: "A" if (source, value) == ("housing.key_slots", "a") else None
    )
    assert one(slots, "a", searched) == "a"
    assert refusal(slots, "b", searched)[1] == "choice"


@pytest.mark.requirement("Q12", "B15")
def test_a_person_is_one_of_the_department_chosen_beside(field: Make, today: AnswerContext) -> None:
    def people(kind: str, person: int | str, within: int | str | None) -> str | None:
        return {("department", 4, None): "Repairs", ("user", 7, 4): "Sam"}.get((kind, person, within))

    fields = {"to_department": field("department"), "to_user": field("user", "Assign to", within="to_department")}
    context = replace(today, people=people)
    assert check(fields, {"to_department": "4", "to_user": 7}, context).values == {"to_department": 4, "to_user": 7}
    (problem,) = check(fields, {"to_department": 4, "to_user": 8}, context).problems
    assert (problem.pointer, problem.code) == ("/to_user", "choice")
    assert [p.pointer for p in check(fields, {"to_user": 7}, context).problems] == ["/to_user"]


@pytest.mark.requirement("X19")
def test_an_upload_is_taken_only_when_it_may_be(field: Make, today: AnswerContext) -> None:
    context = replace(
        today,
        uploads=lambda upload_id, field: (
            None if upload_id.startswith("up_") else Problem("", "upload_missing", f"{upload_id} is gone")
        ),
    )
    assert one(field("file"), "up_1", context) == ["up_1"]
    assert one(field("file", multiple=True), ["up_1", "up_2", "up_1"], context) == ["up_1", "up_2"]
    assert refusal(field("file"), ["up_1", "up_2"], context)[1] == "too_many"
    assert refusal(field("file", multiple=True), ["up_1", "x"], context) == ("/x/1", "upload_missing", "x is gone")
    assert refusal(field("file"), [{"id": 1}], context)[1] == "type"


def test_words_on_the_page_take_no_answer(field: Make, today: AnswerContext) -> None:
    assert check({"note": field("info")}, {}, today).values == {}
    assert [p.code for p in check({"note": field("info")}, {"note": "x"}, today).problems] == ["unknown"]
    assert [p.code for p in check({}, ["x"], today).problems] == ["type"]


def test_an_answer_nested_without_end_is_refused(field: Make, today: AnswerContext) -> None:
    deep: Any = {}
    for _ in range(5000):
        deep = {"a": [deep]}
    (problem,) = check({"x": field("object")}, {"x": deep}, today, partial=True).problems
    assert "at most 20 levels" in problem.detail


TYPES = (
    "text", "textarea", "email", "phone", "url", "domain", "integer", "number", "money", "boolean", "date", "datetime",
    "choice", "choices", "file", "address", "signature", "user", "department", "object", "list", "info",
)  # fmt: skip
TEXT = st.text(st.characters(), max_size=30) | st.text("0\0/~\ud800", max_size=9)
PARTS = st.sampled_from(["day", "month", "year", "name", "line1", "town", "signed_on", "a"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PARTS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@pytest.mark.requirement("X17")
@given(st.sampled_from(TYPES), JSON, st.booleans())
def test_no_json_breaks_a_check_and_a_clean_value_stays_clean(
    field: Make, today: AnswerContext, type_: str, raw: Any, partial: bool
) -> None:
    made = field(type_, options=PETS if type_.startswith("choice") else None, item={"a": field()}, multiple=True)
    context = replace(today, uploads=lambda upload_id, field: None, people=lambda kind, person_id, within: "Sam")
    checked = check({"x": made}, {"x": raw}, context, partial=partial)
    kept = json.dumps([checked.values, *map(asdict, checked.problems)], ensure_ascii=False, allow_nan=False)
    assert "\\u0000" not in kept.encode().decode()  # what no database takes
    assert all(problem.detail and problem.pointer.startswith("/x") for problem in checked.problems)
    if not checked.problems and type_ != "info":
        again = check({"x": made}, checked.values, context)
        assert (again.values, again.problems) == (checked.values, [])
