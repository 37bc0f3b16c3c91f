"""A diagram of a flow of states: columns by what a state is, each state with its actions, a wire for every action.

An action is a line in the card of its state, so its words never meet another's. Its wire runs beside the column to the
state it leads to, over the top where columns lie between; wires to the same state share their way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flows.authoring.diagram.graph import NOWHERE, Sitting
from flows.authoring.diagram.lettering import wrapped
from flows.authoring.diagram.picture import (
    NOTE_LINE,
    NOTE_SIZE,
    PAD_X,
    PAD_Y,
    TITLE_LINE,
    Band,
    Box,
    Lettered,
    Line,
    Picture,
    Point,
    Wire,
    lettered,
)
from flows.authoring.diagram.words import (
    children_in_words,
    condition_in_words,
    deadline_in_words,
    starts_in_words,
    state_words,
    timer_in_words,
)
from flows.catalogue.schema import Action, FlowDefinition
from flows.rules.words import listed

COLUMNS = {"todo": "To do", "doing": "Doing", "done": "Done", "cancelled": "Cancelled"}
CARD_W, HEAD, MARGIN, BAND_GAP = 182.0, 34.0, 1.0, 6.0
SIDE, TRACK, RAIL, CARD_GAP = 12.0, 12.0, 12.0, 26.0
LOOP, HALF_LOOP = 13.0, 4.5
GRID, HEADS, LEFT, RIGHT = 12.0, 0.0, 4.0, 8.0
"""Wires leave to the left, to the right, and arrive at heights of their own, so that none lies upon another."""
ROW_SIZE, ROW_LINE = 12.5, 16.0


@dataclass(frozen=True)
class Move:
    """One action in one state; `to` is the state itself where the action leaves it as it is."""

    action: str
    state: str
    to: str

    @property
    def is_loop(self) -> bool:
        return self.state == self.to


Bundle = tuple[str, str]
"""Wires that share a way: where they lead, and "left" or "right" of it, or "up" to the rail above."""


def moves(definition: FlowDefinition) -> Iterator[Move]:
    """Every button of every state, as in the file."""
    for name, action in definition.actions.items():
        for state in action.from_:
            if state in definition.states:
                yield Move(name, state, action.to if action.to in definition.states else state)


def picture_of(definition: FlowDefinition, summary: str, sitting: Sitting = NOWHERE) -> Picture:
    """Every state and every action in its place."""
    return _Layout(definition, sitting).draw(summary)


class _Layout:
    def __init__(self, definition: FlowDefinition, sitting: Sitting) -> None:
        self.definition, self.sitting = definition, sitting
        self.moves = list(moves(definition))
        kinds = [kind for kind in COLUMNS if any(state.is_ == kind for state in definition.states.values())]
        self.kinds = kinds
        self.column = {name: kinds.index(state.is_) for name, state in definition.states.items()}
        self.tracks = self._tracks()
        self.rails = self._rails()
        self.boxes: dict[str, Box] = {}
        self.heads: dict[str, float] = {}
        self.ports: dict[tuple[str, str], float] = {}
        self.gutters: list[float] = []

    def draw(self, summary: str) -> Picture:
        picture = Picture(self.definition.title, summary)
        self._stand(picture)
        picture.wires = [self._wire(move) for move in self.moves]
        return picture

    # --- bundles ---

    def _bundles_of(self, move: Move) -> list[tuple[int, Bundle]]:
        """The gutters (right of that column) that a wire runs through, from its state on."""
        source, target = self.column[move.state], self.column[move.to]
        if move.is_loop:
            return []
        if target == source or target == source - 1:
            return [(target, (move.to, "right"))]
        if target == source + 1:
            return [(source, (move.to, "left"))]
        if target > source:
            return [(source, (move.to, "up")), (target - 1, (move.to, "left"))]
        return [(source - 1, (move.to, "up")), (target, (move.to, "right"))]

    def _tracks(self) -> list[dict[Bundle, int]]:
        """The number of each bundle in each gutter: those that enter a state next to it, those going up between."""
        found: list[set[Bundle]] = [set() for _ in self.kinds]
        for move in self.moves:
            for gutter, bundle in self._bundles_of(move):
                found[gutter].add(bundle)
        sides, names = ("right", "up", "left"), list(self.definition.states)
        return [
            {bundle: n for n, bundle in enumerate(sorted(gutter, key=lambda b: (sides.index(b[1]), names.index(b[0]))))}
            for gutter in found
        ]

    def _rails(self) -> dict[Bundle, int]:
        found = {bundles[1][1]: None for move in self.moves if len(bundles := self._bundles_of(move)) == 2}
        return {bundle: n for n, bundle in enumerate(found)}

    # --- places ---

    def _stand(self, picture: Picture) -> None:
        top = HEAD + 12 + len(self.rails) * RAIL + (6 if self.rails else 0)
        x, lowest = MARGIN, top
        for n, kind in enumerate(self.kinds):
            begin, y = x, top
            x += SIDE
            for name in (name for name, state in self.definition.states.items() if state.is_ == kind):
                self.boxes[name] = self._card(name, x, y)
                y = self.boxes[name].bottom + CARD_GAP
            x += CARD_W
            picture.bands.append(Band(COLUMNS[kind], kind, begin, MARGIN, x + SIDE - begin, 0))
            self.gutters.append(x + SIDE + LOOP)
            tracks = len(self.tracks[n])
            x += SIDE + (LOOP + tracks * TRACK if tracks else BAND_GAP)
            lowest = max(lowest, y - CARD_GAP)
        picture.width = x + MARGIN
        band_height = lowest + 18 - MARGIN
        picture.bands = [Band(b.title, b.kind, b.x, b.y, b.w, band_height) for b in picture.bands]
        picture.boxes = [self.boxes[name] for name in self.definition.states]
        picture.height = band_height + 2 * MARGIN
        self._add_clock(picture)

    def _add_clock(self, picture: Picture) -> None:
        clocks = list(self._clocks())
        if not clocks:
            return
        width = picture.width - 2 * MARGIN
        words = lettered("Clock", clocks, width - 2 * PAD_X, 20)
        said = ". ".join(("Clock", *clocks))
        picture.boxes.append(Box("clock", "clock", MARGIN, picture.height + 10, width, words.height, words, words=said))
        picture.height += words.height + 12

    def _clocks(self) -> Iterator[str]:
        flow = self.definition
        if flow.deadline:
            yield f"Due {deadline_in_words(flow.deadline)}"
        if flow.expires:
            yield f"Expires {deadline_in_words(flow.expires)}"
        for timer in flow.timers.values():
            words = timer_in_words(flow, timer)
            yield words[:1].upper() + words[1:]

    def _card(self, name: str, x: float, y: float) -> Box:
        """A state with its actions below each other; notes where their wires begin."""
        head = lettered(state_words(self.definition, name), self._notes(name), CARD_W - 2 * PAD_X)
        self.heads[name] = _on_grid(y + PAD_Y + TITLE_LINE / 2, HEADS)
        lines, at, rules = list(head.lines), head.height, []
        for move in (move for move in self.moves if move.state == name):
            rules.append(at)
            row, height = self._row(move, at)
            leaves_left = self.column[move.to] < self.column[name]
            self.ports[name, move.action] = _on_grid(y + at + height / 2, LEFT if leaves_left else RIGHT)
            lines += row
            at += height
        state = self.definition.states[name]
        count = self.sitting.in_state.get(name, 0)
        words = Lettered(tuple(lines), at + (2 if rules else 0), tuple(rules))
        said = ". ".join((state_words(self.definition, name), *self._notes(name)))
        return Box(name, "state", x, y, CARD_W, words.height, words, state.is_, count, said)

    def _notes(self, name: str) -> list[str]:
        notes, state = [], self.definition.states[name]
        if name == self.definition.start_state:
            notes.append(f"Begins here: {listed(starts_in_words(self.definition), 'or')}")
            notes += children_in_words(self.definition, self.definition.effects_for("created"))
        notes += children_in_words(self.definition, self.definition.effects_for(f"entered.{name}"))
        if state.customer_label:
            notes.append(f"Customers read “{state.customer_label}”")
        return notes

    def _row(self, move: Move, at: float) -> tuple[list[Line], float]:
        action, room = self.definition.actions[move.action], CARD_W - 2 * PAD_X
        label = action.label or move.action
        said = label if move.is_loop else f"{label} → {state_words(self.definition, move.to)}"
        y, lines = at + 5, []
        for text in wrapped(said, room, ROW_SIZE, most=2):
            y += ROW_LINE
            lines.append(Line(text, y - 4, False, "action"))
        for text in wrapped(_small_print(action), room, NOTE_SIZE, most=3):
            y += NOTE_LINE - 1
            lines.append(Line(text, y - 4, False))
        return lines, y - at + 6

    # --- wires ---

    def _wire(self, move: Move) -> Wire:
        action, state = self.definition.actions[move.action], self.definition.states[move.to]
        words = [
            action.label or move.action,
            state_words(self.definition, move.state),
            "to",
            state_words(self.definition, move.to),
        ]
        said = f"{words[0]}: {words[1]} stays" if move.is_loop else f"{words[0]}: {' '.join(words[1:])}"
        if action.if_:
            said += f", if {condition_in_words(self.definition, action.if_)}"
        kind = "stays" if move.is_loop else "moves"
        return Wire(move.state, move.to, kind, self._points(move), said, tone=state.is_, name=move.action)

    def _points(self, move: Move) -> tuple[Point, ...]:
        source, target = self.boxes[move.state], self.boxes[move.to]
        y, head = self.ports[move.state, move.action], self.heads[move.to]
        if move.is_loop:
            x = source.right + LOOP
            return (source.right, y - HALF_LOOP), (x, y - HALF_LOOP), (x, y + HALF_LOOP), (source.right, y + HALF_LOOP)
        bundles = self._bundles_of(move)
        xs = [self.gutters[gutter] + self.tracks[gutter][bundle] * TRACK for gutter, bundle in bundles]
        leaves_left = self.column[move.to] < self.column[move.state]
        enters_left = bundles[-1][1][1] == "left"
        begin = (source.x if leaves_left else source.right, y)
        end = (target.x if enters_left else target.right, head)
        over: tuple[Point, ...] = ()
        if len(bundles) == 2:
            rail = HEAD + 12 + self.rails[bundles[1][1]] * RAIL
            over = ((xs[0], rail), (xs[1], rail))
        return begin, (xs[0], y), *over, (xs[-1], head), end


def _on_grid(y: float, offset: float) -> float:
    return round((y - offset) / GRID) * GRID + offset


def _small_print(action: Action) -> str:
    by = [who.removeprefix("role.").replace("_", " ") for who in action.by]
    comment = {"required": " · comment needed", "optional": ""}.get(action.comment or "", "")
    return ", ".join(by) + comment
