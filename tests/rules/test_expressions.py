"""Conditions with three values, and texts with holes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.rules.expressions import ExpressionProblem, NotYetKnown, compile_condition, compile_text

SCOPE: dict[str, Any] = {
    "data": {"income": 100, "empty": None, "has_pets": False, "moved": date(2026, 11, 24), "people": 3},
    "rent": 50,
    "order": {"id": "o1", "lines": [{"vendor": "Microsoft"}, {"vendor": "Coro"}]},
    "instance": {"state": "New"},
    "assignee": {"id": "u7"},
    "links": {},
    "now": datetime(2026, 11, 24, 9, tzinfo=UTC),
}


@pytest.mark.requirement("X1", "X2")
@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("data.income * 2 < rent * 5", True),
        ('order.lines.exists(l, l.vendor == "Coro")', True),
        ('order.lines.all(l, l.vendor == "Coro")', False),
        ('instance.state == "New" && assignee.id != ""', True),
        ("order.lines.filter(l, has(l.vendor)).size() == 2", True),
        ('"Coro" in order.lines.map(l, l.vendor)', True),
        ('data.moved == "2026-11-24"', True),
        ('now < timestamp("2026-12-01T00:00:00Z")', True),
        ("has(links.agreement)", False),
        ("has(data.deposit) && data.deposit.paid", False),
        ("data.has_pets", False),
        # a name, a key or an entry that is missing is not yet known
        ("data.deposit.paid", None),
        ("has(nothing.agreement)", None),
        ('data["deposit"] == 1', None),
        ("order.lines[5].vendor == 'x'", None),
        ("!data.later", None),
        ("order.lines.exists(l, l.price == 1)", None),
        # Kleene: unknown decides nothing, but may be decided
        ("data.later || true", True),
        ("true || data.later", True),
        ("data.later && false", False),
        ("false && nothing.at_all", False),
        ("data.later && true", None),
        ("data.later == 1 ? true : false", None),
        # null is an answer: nothing was given
        ("has(data.empty)", False),
        ("!has(data.empty)", True),
        ("data.empty == null", True),
        ("data.empty == 'x'", False),
        ("data.empty > 5", False),
        ("data.empty.exists(x, x == 1)", False),
        ("data.empty", False),
        ("data.empty > 5 || data.later == 1", None),  # the null decides nothing while the other is not known
        ("data.empty > 5 || has(data.later)", False),
    ],
)
def test_a_condition_holds_does_not_or_is_not_yet_known(text: str, holds: bool | None) -> None:
    assert compile_condition(text).holds(SCOPE) is holds


KLEENE = {"true": True, "false": False, "data.later": None}


@pytest.mark.requirement("X2")
@given(st.sampled_from(sorted(KLEENE)), st.sampled_from(sorted(KLEENE)))
def test_unknown_follows_kleene(left: str, right: str) -> None:
    values = [KLEENE[left], KLEENE[right]]
    either = True if True in values else None if None in values else False
    both = False if False in values else None if None in values else True
    assert compile_condition(f"{left} || {right}").holds({"data": {}}) is either
    assert compile_condition(f"{left} && {right}").holds({"data": {}}) is both


@pytest.mark.parametrize(
    ("text", "offset", "message"),
    [
        ("1 +", 3, "ends too early"),
        ("true &&\n\n  && false", 11, "cannot be read here"),
        ('data.x == "a" "b"', 14, "cannot be read here"),
        ("has(data)", 4, "has"),
        ("sizes(data.x) > 1", 0, "did you mean size"),
        ("data.x.contain('a')", 7, "did you mean contains"),
        ("true" + " " * 500, 500, "500 characters"),
        ("(" * 51 + "true" + ")" * 51, 50, "nested"),
        ("[1].exists(x, [1].exists(y, y == x))", 18, "inside another loop"),
        ("", 0, "ends too early"),
        ("has(.", 0, "has"),
    ],
)
def test_a_condition_that_cannot_be_read_says_where_and_why(text: str, offset: int, message: str) -> None:
    with pytest.raises(ExpressionProblem, match=message) as problem:
        compile_condition(text)
    assert problem.value.offset == offset


@pytest.mark.parametrize(
    "text", ['data.income + "a" == "b"', "1", "rent", "1 / 0 == 1", "data.income.x == 1", 'rent < "5"']
)
def test_a_mistake_that_shows_when_it_runs_is_a_problem_never_false(text: str) -> None:
    with pytest.raises(ExpressionProblem):
        compile_condition(text).holds(SCOPE)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("data.has_pets == true", {"data.has_pets"}),
        ('order.lines.exists(l, l.vendor == data.v && l.x == "data.no")', {"order.lines", "data.v"}),
        (
            'instance.open && assignee.id != "" && !has(links.agreement.id)',
            {"instance.open", "assignee.id", "links.agreement.id"},
        ),
        ("size(data.list) > int(rent) && data.name.startsWith('a.b')", {"data.list", "rent", "data.name"}),
        ('data["x"].y == {"a": b.c}.a', {"data", "b.c"}),
        ("true || null == 1.5", set()),
    ],
)
def test_names_are_what_lint_has_to_find(text: str, names: set[str]) -> None:
    assert compile_condition(text).names == names


def outcome_of(text: str, scope: dict[str, Any]) -> Any:
    """What a condition says of a scope, or its problem; anything else it raises fails the test."""
    try:
        return compile_condition(text).holds(scope)
    except ExpressionProblem as problem:
        return problem


@given(st.text(alphabet="ab.()[]{}'\"&|!?:<>=+-*/% \\\n,0123has(exists", max_size=60))
def test_any_text_is_a_condition_or_a_problem(text: str) -> None:
    outcome = outcome_of(text, {"a": {"b": 1}, "b": [1, 2]})
    assert outcome in (True, False, None) or 0 <= outcome.offset <= len(text)


@pytest.mark.parametrize(
    "text", ["!" * 499 + "a", "-" * 499 + "1", "a?" * 124 + "a" + ":a" * 124, "a." * 249 + "a", "1+" * 249 + "1"]
)
def test_the_longest_chains_do_not_exhaust_the_reader(text: str) -> None:
    outcome = outcome_of(text, {"a": True})
    assert outcome in (True, False, None) or outcome.message


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("${{ order.lines }}", SCOPE["order"]["lines"]),
        ("${{data.income}}", 100),
        ("${{ data.empty }}", None),
        ("Order ${{ order.id }}: ${{ data.income + 1 }}${{ data.empty }}!", "Order o1: 101!"),
        ("${{ data.has_pets }}, ${{ [1, 2] }}", "false, 1, 2"),
        ("${{ '}}' }} }}", "}} }}"),
        ("no hole, $ {{ none }}", "no hole, $ {{ none }}"),
        ("", ""),
    ],
)
def test_a_text_fills_its_holes_and_a_lone_hole_keeps_its_type(text: str, rendered: object) -> None:
    assert compile_text(text).render(SCOPE) == rendered


@pytest.mark.requirement("X2")
def test_a_hole_that_is_not_yet_known_says_which_name() -> None:
    text = compile_text("Starts on ${{ data.move_in }} for ${{ order.id }}")
    assert text.names == {"data.move_in", "order.id"}
    with pytest.raises(NotYetKnown) as missing:
        text.render(SCOPE)
    assert missing.value.name == "data.move_in"
    assert text.render_or(SCOPE, "soon") == "soon"
    assert not text.is_constant
    assert compile_text("plain").is_constant


@pytest.mark.parametrize(
    ("text", "offset"), [("Hello ${{ data.x", 6), ("ab ${{ 1 + }}", 10), ("${{}}", 3), ("x ${{ sise(a) }}", 6)]
)
def test_a_hole_that_cannot_be_read_says_where(text: str, offset: int) -> None:
    with pytest.raises(ExpressionProblem) as problem:
        compile_text(text)
    assert problem.value.offset == offset
