"""Green, yellow and red, and where every answer goes: two texts of a flow and an instance made of plain values."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from flows.catalogue.loader import parse_stored
from flows.rules.migrations import Case, Clocks, carry, counterparts, judge, renamed_moment
from flows.rules.migrations.clocks import other_timers
from tests.catalogue.test_diff import STATES as CASES

NOW = datetime(2026, 11, 2, 10, tzinfo=UTC)
V1 = """
flow: leak
schema: 1
title: A leak
start: {staff: true, fields: {where: {type: text, label: Where, required: true}}}
deadline: {after: 5d}
steps:
  report: {title: Report it, actor: customer, fields: {what: {type: text, label: What, required: true}}}
  visit: {title: Visit, actor: staff, needs: [report], fields: {found: {type: text, label: Found}}}
timers:
  nudge: {before_due: [1d], do: [{notice: Go on}]}
"""


def case(old: str, new: str, **facts: Any) -> Case:
    flows = [parse_stored(text) for text in (old, new)]
    names = counterparts(*flows)
    usual: dict[str, Any] = (
        {"steps": dict.fromkeys(flows[0].steps, "locked") | {"report": "open"}} if flows[0].steps else {}
    )
    usual["attempts"] = {
        name: int(state in ("completed", "pending_approval")) for name, state in usual.get("steps", {}).items()
    }
    return Case(*flows, names, NOW, scope={"data": {}}, **{**usual, **facts})


def said(one: Case) -> tuple[str, list[str]]:
    plan = judge(one)
    return plan.verdict, [reason.text for reason in plan.reasons]


@pytest.mark.requirement("X13")
@pytest.mark.parametrize(("change", "facts", "verdict", "text"), [
    (("title: Report it", "title: Tell us"), {}, "green", None),
    (("found: {type: text, label: Found}", "found: {type: text, label: Seen}"), {}, "green", None),
    (("required: true}}}\n  visit", "required: true}, more: {type: text, label: More}}}\n  visit"), {}, "green", None),
    (
        ("required: true}}}\n  visit", "required: true}, more: {type: text, label: More, required: true}}}\n  visit"),
        {}, "yellow", "“Report it” asks one thing more: “More”",
    ),
    (
        ("timers:", "  bill: {title: The bill, actor: staff, needs: [visit]}\ntimers:"),
        {}, "yellow", "“The bill” is a new step for staff, when what comes before it is done",
    ),
    (
        ("timers:", "  bill: {title: The bill, actor: staff, when: data.what == \"x\"}\ntimers:"),
        {}, "green", None,
    ),
    (("actor: staff, needs: [report]", "actor: staff"), {}, "yellow", "“Visit” can start at once"),
    (
        ("  report: {title: Report it, actor: customer", "  report: {title: Report it, actor: staff"),
        {"drafts": ["report"]}, "yellow",
        "“Report it” is for staff now, not for the customer; what was typed stays in its form",
    ),
    (
        ("  report:", "  account:"), {}, "red", "“Report it” is open and is not in the new version",
    ),
])  # fmt: skip
def test_what_a_change_of_a_step_means(
    change: tuple[str, str], facts: dict[str, Any], verdict: str, text: str | None
) -> None:
    new = V1.replace(*change).replace("needs: [report]", "needs: []" if "account" in change[1] else "needs: [report]")
    assert new != V1
    found = said(case(V1, new, **facts))
    assert found[0] == verdict
    assert found[1][:1] == ([text] if text else [])


@pytest.mark.requirement("X13")
def test_money_and_approval_that_are_under_way_hold_it() -> None:
    approved = V1.replace("  report: {title: Report it,", "  report: {title: Report it, approval: {},")
    waiting = {"steps": {"report": "pending_approval", "visit": "locked"}, "attempts": {"report": 1}}
    verdict, reasons = said(case(approved, V1, **waiting))
    assert (verdict, reasons[0]) == ("red", "“Report it” waits for an approval that the new version does not ask for")
    paid = V1.replace(
        "fields: {what: {type: text, label: What, required: true}}", "payment: {currency: GBP, amount: 100}"
    )
    verdict, reasons = said(case(paid, V1, paying={"report": 100}))
    assert (verdict, reasons[0]) == ("red", "“Report it” is being paid, and not in this way any more")
    dearer = paid.replace("amount: 100}", "amount: 200}")
    assert said(case(paid, dearer, paying={"report": 100})) == (verdict, reasons[:1])
    assert said(case(dearer, paid, paying={"report": 100}))[0] == "green"
    assert said(case(paid, V1, paid=["report"]))[1][0].startswith("“Report it” is paid, and nothing is to be paid in")


@pytest.mark.requirement("X13")
def test_nothing_is_ended_by_a_move() -> None:
    only = V1.replace("  visit: {title: Visit, actor: staff,", "  visit: {title: Visit, actor: customer,")
    without = only.replace(
        "  visit: {title: Visit, actor: customer, needs: [report], fields: {found: {type: text, label: Found}}}\n", ""
    )
    steps = {"steps": {"report": "completed", "visit": "locked"}, "attempts": {"report": 1}}
    verdict, reasons = said(case(only, without, **steps))
    assert (verdict, reasons[0]) == (
        "red", "it would be completed at once, because nothing is left to do in the new version",
    )  # fmt: skip


@pytest.mark.requirement("X13", "Q9")
def test_states_and_what_they_count_as() -> None:
    renamed = CASES.replace("Working", "Doing")
    verdict, reasons = said(case(CASES, renamed, state="Working"))
    assert (verdict, reasons) == ("red", ["it is in “Working”, which is not in the new version"])
    moved = renamed + "moved: {Working: Doing}\n"
    assert said(case(CASES, moved, state="Working")) == ("green", [])
    assert counterparts(parse_stored(moved), parse_stored(CASES)).states["Doing"] == "Working", "and back again"
    todo = CASES.replace("Working: {is: doing}", "Working: {is: todo}")
    assert said(case(CASES, todo, state="Working")) == ("yellow", ["“Working” counts as not started now"])
    over = CASES.replace("Working: {is: doing}", "Working: {is: done}").replace("from: [New, Working]", "from: [New]")
    assert said(case(CASES, over, state="Working"))[0] == "red"
    assert said(case(CASES, V1.replace("flow: leak", "flow: case"), state="New"))[0] == "red"


@pytest.mark.requirement("X13")
def test_answers_go_where_their_question_is() -> None:
    new = V1.replace("what: {type: text, label: What, required: true}", "about: {type: textarea, label: About}")
    new = new.replace("found: {type: text, label: Found}", "where: {type: text, label: Where}").replace(
        ", fields: {where: {type: text, label: Where, required: true}}}", "}"
    )
    new += "moved: {what: about}\n"
    old_flow, new_flow = parse_stored(V1), parse_stored(new)
    names = counterparts(old_flow, new_flow)
    given = {"": {"where": "Kitchen"}, "report": {"what": "A leak"}, "visit": {"found": "Rust"}}
    states = {"report": "completed", "visit": "completed"}
    carried = carry(old_flow, new_flow, names, given, {}, states, date(2026, 11, 2))
    assert carried.of(given, "report") == {"about": "A leak"}
    assert carried.of(given, "visit") == {"where": "Kitchen"}
    assert [str(one) for one in carried.reasons] == [
        "“Found” is not asked any more: its answer stays in the history and is no longer shown"
    ]


@pytest.mark.requirement("X13")
@pytest.mark.parametrize(("before", "after", "value", "verdict"), [
    ("text, required: true", "textarea, required: true", "A leak", "green"),
    ("email, required: true", "text, required: true", "a@b.example", "green"),
    ("text, required: true", "boolean, required: true", "A leak", "red"),
    ("text, required: true", "boolean", "A leak", "yellow"),
    ("integer, required: true", "number, required: true", 3, "green"),
    ("integer, required: true", "integer, required: true, max: 2", 3, "yellow"),
    ("choice, options: {a: A, b: B}", "choice, options: {a: A}", "a", "green"),
    ("choice, options: {a: A, b: B}", "choice, options: {a: A}", "b", "yellow"),
    ("file, required: true", "text, required: true", ["up_1"], "red"),
])  # fmt: skip
def test_whether_an_answer_fits(before: str, after: str, value: Any, verdict: str) -> None:
    plain = "{type: text, label: What, required: true}"
    texts = (V1.replace(plain, f"{{label: What, type: {one}}}") for one in (before, after))
    old_flow, new_flow = map(parse_stored, texts)
    given = {"report": {"what": value}}
    names = counterparts(old_flow, new_flow)
    carried = carry(old_flow, new_flow, names, given, {}, {"report": "completed"}, date(2026, 11, 2))
    assert max((one.verdict for one in carried.reasons), default="green") == verdict
    assert (carried.of(given, "report") == {"what": value}) is (verdict == "green" or "max" in after)
    open_one = carry(old_flow, new_flow, names, given, {}, {"report": "returned"}, date(2026, 11, 2))
    assert all(one.verdict == "yellow" for one in open_one.reasons), "while it is open it is only asked again"


@pytest.mark.requirement("X13")
def test_two_steps_that_become_one() -> None:
    first = V1[V1.index("  report:") : V1.index("  visit:")]
    new = V1.replace(first, "").replace("needs: [report], fields: {", "fields: {what: {type: text, label: What}, ")
    new += "moved: {report: visit}\n"
    one = case(V1, new)
    assert one.names.merged == {"report": "visit"}
    assert said(one)[1][0] == "“Report it” is a part of “Visit” now"
    assert judge(one).verdict == "yellow"


@pytest.mark.requirement("X13", "X3")
def test_clocks_that_would_be_past() -> None:
    ends = V1.replace("deadline: {after: 5d}", "deadline: {after: 5d}\nexpires: {after: 1d}")
    one = replace(case(V1, ends), clocks=Clocks(expires_at=datetime(2026, 11, 1, tzinfo=UTC)))
    plan = judge(one)
    assert (plan.verdict, plan.reasons[0].cure) == ("red", "give it more time")
    later = replace(case(V1, ends), clocks=Clocks(expires_at=datetime(2026, 11, 9, tzinfo=UTC)))
    assert said(later) == ("yellow", ["its end moves: it expires after 1d now"])
    names = counterparts(parse_stored(V1), parse_stored(ends))
    assert other_timers(parse_stored(V1), parse_stored(ends), names, None) == ([], ["nudge"]), (
        "it counts from the due date"
    )
    told = replace(names, steps={"report": "tell"})
    assert renamed_moment("step.report.opened", told) == "step.tell.opened"
    assert renamed_moment(None, names) is None


@pytest.mark.requirement("X13")
def test_a_condition_that_breaks_is_named_and_red() -> None:
    breaks = V1.replace("  visit: {title: Visit,", '  visit: {title: Visit, when: "10 / data.many > 1",')
    plan = judge(replace(case(V1, breaks), scope={"data": {"many": 0}}))
    assert (plan.verdict, plan.reasons[0].cure) == ("red", "mend the flow, or the answers that it breaks on")
    assert plan.reasons[0].text.startswith("it cannot be judged: “Visit” has the condition `10 / data.many > 1`: ")
    assert judge(replace(case(V1, breaks), scope={"data": {"many": 2}})).verdict != "red"
