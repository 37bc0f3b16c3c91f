"""Reads an SVG of a flow back: its boxes, its wires as points, its words; and flows made at random to draw."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

from flows.authoring.diagram import lanes, stages
from flows.authoring.diagram.graph import graph_of
from flows.authoring.diagram.picture import Box, Picture, Wire
from flows.catalogue import FlowDefinition

SVG = "{http://www.w3.org/2000/svg}"


@dataclass(frozen=True)
class Drawn:
    """An SVG as a tree, with what the drawing says about itself."""

    root: ElementTree.Element

    def groups(self, kind: str) -> list[ElementTree.Element]:
        return [one for one in self.root.iter(f"{SVG}g") if kind in (one.get("class") or "").split()]

    @property
    def boxes(self) -> list[str]:
        return [box.get("data-id") or "" for box in self.groups("box")]

    @property
    def wires(self) -> list[tuple[str, str, str]]:
        """(from, to, action or nothing)."""
        return [
            (one.get("data-from") or "", one.get("data-to") or "", one.get("data-name") or "")
            for one in self.groups("wire")
        ]

    def words_in(self, kind: str) -> list[str]:
        return [" ".join(text.text or "" for text in one.iter(f"{SVG}text")) for one in self.groups(kind)]

    def places(self, kind: str) -> dict[str, tuple[float, float]]:
        """Left and right of the first rectangle of each group, by data-id, or by the heading of a band."""
        found = {}
        for one in self.groups(kind):
            rect = next(one.iter(f"{SVG}rect"))
            name = one.get("data-id") or next(one.iter(f"{SVG}text")).text or ""
            left = float(rect.get("x") or 0)
            found[name] = (left, left + float(rect.get("width") or 0))
        return found


def read(svg: str) -> Drawn:
    return Drawn(ElementTree.fromstring(svg))


def picture_of(flow: FlowDefinition) -> Picture:
    return stages.picture_of(flow, "") if flow.states else lanes.picture_of(graph_of(flow), "")


def misdrawn(picture: Picture) -> list[str]:
    """Boxes upon boxes, wires through boxes, labels upon boxes, and anything outside; in words."""
    found = [
        f"{one.id} lies on {other.id}"
        for n, one in enumerate(picture.boxes)
        for other in picture.boxes[n + 1 :]
        if _meet(_around(one), _around(other))
    ]
    for wire in picture.wires:
        found += [f"{_name(wire)} runs through {box.id}" for box in picture.boxes if _crosses(wire, box)]
        if wire.label:
            x, y = wire.label_at
            place = (x, y - 9, x + 6.2 * len(wire.label), y + 2)
            found += [f"“{wire.label}” lies on {box.id}" for box in picture.boxes if _meet(place, _around(box))]
    inside = (0, 0, picture.width, picture.height)
    found += [f"{box.id} sticks out" for box in picture.boxes if not _within(_around(box), inside)]
    found += [
        f"{_name(wire)} sticks out"
        for wire in picture.wires
        if not all(_within((x, y, x, y), inside) for x, y in wire.points)
    ]
    return found


def ambiguous(picture: Picture) -> list[str]:
    """Wires that lie upon each other for a while although they neither come from nor lead to the same place."""
    found = []
    for n, one in enumerate(picture.wires):
        for other in picture.wires[n + 1 :]:
            strangers = {one.source, one.target}.isdisjoint({other.source, other.target}) or (
                one.source != other.source and one.target != other.target
            )
            if strangers and any(_lie_upon(a, b) for a in pairwise(one.points) for b in pairwise(other.points)):
                found.append(f"{_name(one)} looks like {_name(other)}")
    return found


def _name(wire: Wire) -> str:
    return f"{wire.source} to {wire.target} {wire.name}".strip()


Frame = tuple[float, float, float, float]


def _around(box: Box) -> Frame:
    return box.x, box.y, box.right, box.bottom


def _meet(one: Frame, other: Frame) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _within(one: Frame, other: Frame) -> bool:
    return one[0] >= other[0] and one[1] >= other[1] and one[2] <= other[2] and one[3] <= other[3]


def _crosses(wire: Wire, box: Box) -> bool:
    """Whether any part of the wire is inside the box; touching its edge is how a wire begins and ends."""
    inner = (box.x + 0.5, box.y + 0.5, box.right - 0.5, box.bottom - 0.5)
    return any(
        _meet((min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]) + 0.01, max(a[1], b[1]) + 0.01), inner)
        for a, b in pairwise(wire.points)
    )


def _lie_upon(one: Any, other: Any) -> bool:
    """Whether two straight parts share more than a point: the same line, and more than two pixels of it."""
    for across, along in ((0, 1), (1, 0)):
        lines = [{point[across] for point in part} for part in (one, other)]
        if len(lines[0]) == len(lines[1]) == 1 and abs(min(lines[0]) - min(lines[1])) < 1:
            spans = [sorted(point[along] for point in part) for part in (one, other)]
            if min(spans[0][1], spans[1][1]) - max(spans[0][0], spans[1][0]) > 2:
                return True
    return False


def flow_of(**more: Any) -> FlowDefinition:
    """A flow with as little as the language asks for, and what is given besides."""
    return FlowDefinition.model_validate(
        {"flow": "made-up", "schema": 1, "title": "Made up", "start": {"staff": True}, **more}
    )


def random_steps(seed: int, count: int = 12) -> FlowDefinition:
    """A flow whose steps wait for steps before them, with reviews, payments, conditions and rules here and there."""
    chance = random.Random(seed)
    steps: dict[str, Any] = {}
    for n in range(count):
        name = f"s{n}"
        before = list(steps)
        step: dict[str, Any] = {
            "title": " ".join(
                chance.choices(("Tell", "us", "about", "everything", "else", "immediately"), k=chance.randint(1, 6))
            ),
            "actor": chance.choice(("customer", "staff", "customer", "system")),
            "fields": {f"f{n}": {"type": "boolean", "label": f"Question {n}?"}},
        }
        if before and chance.random() < 0.7:
            step["needs"] = chance.sample(before, k=min(len(before), chance.randint(1, 3)))
        elif before and chance.random() < 0.5:
            step["when"] = f"data.f{chance.randrange(n)} == true"
        if chance.random() < 0.3:
            step["approval"] = {}
        if chance.random() < 0.3:
            on = {"on": "submitted"} if chance.random() < 0.5 else {}
            step["outcome"] = [{"if": f"data.f{n} == {value}", "close": "close", **on} for value in ("true", "false")]
        if chance.random() < 0.2:
            step["payment"] = {"currency": "GBP", "amount": "ask"}
        steps[name] = step
    more: dict[str, Any] = {"expires": {"after": "30d"}} if chance.random() < 0.5 else {}
    return flow_of(steps=steps, **more)


def random_states(seed: int) -> FlowDefinition:
    chance = random.Random(seed)
    names = [f"State{n}" for n in range(chance.randint(2, 9))]
    states = {name: {"is": chance.choice(("todo", "doing", "done", "cancelled"))} for name in names}
    actions = {
        f"a{n}": {
            "from": chance.sample(names, k=chance.randint(1, len(names))),
            "by": ["assignee", "manager"],
            **({"to": chance.choice(names)} if chance.random() < 0.8 else {}),
        }
        for n in range(chance.randint(1, 8))
    }
    return flow_of(states=states, actions=actions)
