"""Flows as pictures: everything is there once, in its lane, told apart, and nothing of it is a hole in the page."""

from __future__ import annotations

import re
from time import process_time

import pytest

from flows.authoring import diagram
from flows.authoring.diagram import lettering
from flows.authoring.diagram.words import condition_in_words, timer_in_words
from flows.catalogue import FlowDefinition
from flows.catalogue.loader import load
from tests.catalogue.drawings import (
    SVG,
    ambiguous,
    flow_of,
    misdrawn,
    picture_of,
    random_states,
    random_steps,
    read,
)
from tests.catalogue.shipped import ROOT

FOLDERS = (ROOT / "worker" / "demo" / "flows", ROOT / "tests" / "guided" / "flows")
FLOWS = {name: loaded.definition for name, loaded in load(FOLDERS).flows.items()}
PEOPLE = "“How many people will live here?” is more than −3"
ONBOARDING, CASE = FLOWS["tenant-onboarding"], FLOWS["department-request"]


def expected_wires(flow: FlowDefinition) -> list[tuple[str, str, str]]:
    """Read off the file: what has to lead where, for a flow whose conditions look at steps without approval."""
    if flow.states:
        return [(state, action.to or state, name) for name, action in flow.actions.items() for state in action.from_]
    found, followed = [], set()
    leaves = {name: f"review:{name}" if step.approval else f"step:{name}" for name, step in flow.steps.items()}
    for name, step in flow.steps.items():
        before = step.needs or [
            other
            for other, earlier in flow.steps.items()
            if other != name and any(f"data.{field}" in (step.when or "") for field in earlier.fields)
        ]
        followed |= {*before}
        found += [(leaves[other], f"step:{name}", "") for other in before] or [("start", f"step:{name}", "")]
        if step.approval:
            found += [(f"step:{name}", f"review:{name}", ""), (f"review:{name}", f"step:{name}", "")]
        found += [(leaves[name], f"end:{name}:{n}", "") for n in range(len(step.outcome))]
    by_itself = not flow.outcomes and all(step.actor != "staff" and not step.approval for step in flow.steps.values())
    last = "completed" if by_itself else "outcome"
    found += [(leaves[name], last, "") for name in flow.steps if name not in followed]
    ruled = {rule.complete or rule.close for step in flow.steps.values() for rule in step.outcome}
    found += [] if by_itself else [("outcome", f"end:{name}", "") for name in flow.all_outcomes() if name not in ruled]
    return found + ([("clock", "expired", "")] if flow.expires else [])


@pytest.mark.requirement("X33")
@pytest.mark.parametrize("name", FLOWS)
def test_every_step_state_and_way_is_there_once(name: str) -> None:
    flow, drawn = FLOWS[name], read(diagram.svg(FLOWS[name]))
    assert sorted(drawn.wires) == sorted(expected_wires(flow))
    assert len(drawn.boxes) == len(set(drawn.boxes))
    own = set(flow.states) or {f"step:{step}" for step in flow.steps}
    reviews = {f"review:{name}" for name, step in flow.steps.items() if step.approval}
    assert own | reviews <= set(drawn.boxes)
    assert {box for box in drawn.boxes if box.startswith(("step:", "review:"))} <= own | reviews
    ends = {name for wire in drawn.wires for name in wire[:2]}
    assert ends <= set(drawn.boxes)


@pytest.mark.requirement("X33")
def test_lanes_are_those_of_the_actors() -> None:
    drawn = read(diagram.svg(ONBOARDING))
    lanes, boxes = drawn.places("band"), drawn.places("box")
    assert list(lanes) == ["Customer", "Staff", "System"]
    whose = {f"step:{name}": step.actor.capitalize() for name, step in ONBOARDING.steps.items()}
    whose |= {"review:identity": "Staff", "outcome": "Staff", "clock": "System", "end:identity:0": "System"}
    for name, lane in whose.items():
        assert lanes[lane][0] < boxes[name][0] < boxes[name][1] < lanes[lane][1], name
    columns = read(diagram.svg(CASE)).places("band")
    assert list(columns) == ["To do", "Doing", "Done", "Cancelled"]
    assert columns["To do"][0] < read(diagram.svg(CASE)).places("box")["ReOpen"][0] < columns["To do"][1]


@pytest.mark.requirement("X33")
def test_what_a_picture_says() -> None:
    drawn = read(diagram.svg(ONBOARDING, diagram.Sitting({"identity": 3}, {"identity": 1204})))
    boxes = dict(zip(drawn.boxes, drawn.words_in("box"), strict=True))
    assert boxes["step:pets"] == "Tell us about your pets 1 question Only if “Do you have pets?” is yes"
    assert boxes["step:deposit"].startswith("Pay your deposit Payment in GBP")
    assert "Done by itself when" in boxes["step:agreement"]
    assert boxes["step:identity"].endswith("3")
    assert boxes["review:identity"].endswith("1,204")
    assert "By lettings" in boxes["review:identity"]
    assert boxes["end:identity:0"].startswith("Not eligible If “Do you have the right to rent in the UK?” is No")
    assert boxes["outcome"].endswith("Or a step ends it as Not eligible or Not affordable")
    assert "10 working days after the start" in boxes["clock"]
    [back, _] = drawn.groups("returned")
    assert back.find(f"{SVG}path").get("stroke-dasharray")  # type: ignore[union-attr]
    assert drawn.words_in("returned") == ["changes needed", "changes needed"]
    states = read(diagram.svg(CASE, diagram.Sitting(in_state={"New": 5})))
    cards = dict(zip(states.boxes, states.words_in("box"), strict=True))
    assert cards["New"].endswith("5")
    assert "Doing → In progress" in cards["New"]
    assert [one.get("data-name") for one in states.groups("stays")] == ["forward", "forward", "forward", "reply"]


@pytest.mark.parametrize("name", FLOWS)
def test_a_picture_is_no_hole_in_the_page(name: str) -> None:
    svg = diagram.svg(FLOWS[name])
    assert svg == diagram.svg(FLOWS[name]), "the same file gives the same picture"
    for element in read(svg).root.iter():
        assert element.tag.removeprefix(SVG) not in ("style", "script", "foreignObject", "a", "image", "use")
        assert not [key for key in element.keys() if key == "style" or key.startswith("on")]  # noqa: SIM118  # no dict
    root = read(svg).root
    named = {element.get("id") for element in root.iter()}
    assert root.get("role") == "img"
    assert set((root.get("aria-labelledby") or "").split()) <= named
    assert set(re.findall(r"url\(#([^)]+)\)", svg)) <= named


def test_what_authors_write_is_never_markup() -> None:
    evil = '<script>alert("1")</script> & more'
    flow = flow_of(title=evil, steps={"one": {"title": evil, "actor": "customer", "help": evil}})
    drawn = read(diagram.svg(flow))
    assert not list(drawn.root.iter(f"{SVG}script"))
    assert "alert" in drawn.words_in("step")[0]
    assert '"1"' not in diagram.mermaid(flow)


@pytest.mark.parametrize("name", FLOWS)
def test_nothing_lies_upon_anything(name: str) -> None:
    picture = picture_of(FLOWS[name])
    assert misdrawn(picture) == []
    assert ambiguous(picture) == []


@pytest.mark.parametrize("make", [random_steps, random_states])
def test_nor_in_flows_that_nobody_would_write(make: object) -> None:
    for seed in range(150):
        picture = picture_of(make(seed))  # type: ignore[operator]
        assert (seed, misdrawn(picture), ambiguous(picture)) == (seed, [], [])


def test_the_check_itself_sees_a_wire_through_a_box() -> None:
    picture = picture_of(ONBOARDING)
    first = picture.wires[0]
    picture.wires[0] = type(first)("a", "b", "x", ((0, 0), (0, 130), (900, 130)), "")
    assert any("a to b runs through" in words for words in misdrawn(picture))


def test_steps_that_wait_for_each_other_are_drawn_all_the_same() -> None:
    steps = {name: {"title": name, "actor": "customer", "needs": [other]} for name, other in ("ab", "bc", "ca")}
    drawn = read(diagram.svg(flow_of(steps=steps)))
    assert {("step:b", "step:a", ""), ("step:c", "step:b", ""), ("step:a", "step:c", "")} <= set(drawn.wires)
    assert misdrawn(picture_of(flow_of(steps=steps))) == []


def test_two_hundred_steps_take_a_moment() -> None:
    """By its own clock: what a busy machine does meanwhile says nothing about the drawing."""
    flow, took = random_steps(1, 200), []
    for _ in range(3):
        began = process_time()
        svg = diagram.svg(flow)
        took.append(process_time() - began)
    assert len(set(read(svg).boxes)) >= 200
    assert min(took) < 0.2


@pytest.mark.requirement("X33")
def test_the_same_as_a_list() -> None:
    text = diagram.text(ONBOARDING)
    places = [text.index(f"{step.title} (") for step in ONBOARDING.steps.values()]
    assert places == sorted(places)
    assert "Changes needed: back to “Who you are”." in text
    assert "Paid: then “Prepare the agreement”." in text
    assert "Or a step ends it as Not eligible or Not affordable." in text
    assert "ends as Not affordable. Then payments.refund." in text
    case = diagram.text(CASE)
    assert "Cancel: to “Cancelled”, by whoever it is assigned to" in case
    assert "a comment is required." in case


@pytest.mark.requirement("X33")
@pytest.mark.parametrize("name", FLOWS)
def test_the_same_as_mermaid(name: str) -> None:
    flow, lines = FLOWS[name], diagram.mermaid(FLOWS[name]).splitlines()
    assert lines[0] == ("stateDiagram-v2" if flow.states else "flowchart TD")
    arrows = [line for line in lines if "-->" in line or "-.->" in line]
    assert len(arrows) == len(expected_wires(flow)) + bool(flow.states)
    assert sum("-.->" in line for line in arrows) == sum(bool(step.approval) for step in flow.steps.values())
    for step in flow.steps.values():
        assert sum(f'"{step.title}' in line for line in lines) == 1


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ('data.right_to_rent == "n"', "“Do you have the right to rent in the UK?” is No"),
        ("data.income * 2 < rent * 5", "“Household income per month” × 2 is less than “Monthly rent” × 5"),
        ("!(data.has_pets == true) && data.people > -3", "not (“Do you have pets?” is yes) and " + PEOPLE),
        ('data.right_to_rent in ["y", "n"]', "“Do you have the right to rent in the UK?” is one of Yes, No"),
        ("has(links.agreement) || data.deposit.paid", "“Link to Agreement” is there or “Pay your deposit” is paid"),
        ('instance.waiting_on == "customer"', "it waits for the customer"),
        ('assignee.id != ""', "somebody is assigned"),
        ("size(data.pet_list) - 1 >= 2", "size (“Pets”) − 1 is at least 2"),
        ('order.lines.exists(l, l.vendor == "Coro")', "for one of the order lines, vendor is Coro"),
        ("data.legal_name.startsWith('X')", "“Full legal name” startsWith (X)"),
        ('data.passport != "" && unknown.thing', "“Passport or ID” is not empty and unknown thing"),
    ],
)  # fmt: skip
def test_conditions_in_words(condition: str, words: str) -> None:
    assert condition_in_words(ONBOARDING, condition) == words


def test_timers_in_words() -> None:
    said = [timer_in_words(flow, timer) for flow in FLOWS.values() for timer in flow.timers.values()]
    assert "3, 5 and 7 days after the start, at 09:00: mail coro/reminder" in said
    assert "when it is due, while it is open: tell whoever it is assigned to or the department's manager" in said
    assert "3 and 1 working days before it is due, while it waits for the customer: mail onboarding/nudge" in said


def test_lines_are_broken_where_they_end() -> None:
    lines = lettering.wrapped("Everything that we need before we can hand over the keys to your new home", 120, 12)
    assert all(lettering.width(line, 12) <= 120 for line in lines)
    assert len(lines) == 4
    assert lettering.wrapped("x" * 400, 100, 12, most=2)[-1].endswith("…")
    assert lettering.wrapped("", 100, 12) == []
