"""Where everything stands in a swimlane diagram: one lane a party, one row a step, wires that never cross a box.

A wire goes straight down where its lane is free. Otherwise it leaves its row by the space below, runs along a track
beside the lane that it leads to, and comes in by the space above its target. Wires share a track when they lead to the
same place, or come from the same one: what is drawn as one line means one thing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import pairwise

from flows.authoring.diagram.graph import LANE_WORDS, LANES, Edge, Graph, Lane, Node
from flows.authoring.diagram.picture import PAD_X, Band, Box, Lettered, Picture, Point, Wire, lettered

BOX_W, EMPTY_W = 212.0, 64.0
HEAD, MARGIN, BAND_GAP = 34.0, 1.0, 6.0
SIDE, TRACK, ZONE = 22.0, 12.0, 94.0
GAP, OUT, IN = 48.0, 19.0, 15.0
STACK_GAP, LINKED_GAP = 12.0, 30.0
APART = 9.0
PAST, ABOVE = 26.0, 6.0
ICON = 20.0
WITH_ICON = frozenset({"start", "payment", "review", "choice", "clock"})
SHOWN = {"returned": "changes needed"}


@dataclass(frozen=True)
class Spot:
    """Row and lane of a node, and whether nothing stands below it in its cell."""

    row: int
    lane: Lane
    is_lowest: bool


@dataclass(frozen=True)
class Way:
    """How a wire from one row to another goes: straight, in the column of its source or target, or by a track."""

    kind: str
    key: tuple[str, str] = ("", "")


def picture_of(graph: Graph, summary: str) -> Picture:
    """Every node and edge in its place."""
    return _Layout(graph).draw(summary)


class _Layout:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.cells = _cells(graph)
        self.spots = _spots(self.cells)
        self.words = {node.id: _words_of(node) for node in graph.nodes}
        self.linked = {(edge.source, edge.target) for edge in graph.edges}
        self.across = [edge for edge in graph.edges if self.spots[edge.source].row != self.spots[edge.target].row]
        self.ways = self._ways()
        self.tracks = self._tracks()
        self.boxes: dict[str, Box] = {}
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        self.gutter: dict[Lane, float] = {}

    def draw(self, summary: str) -> Picture:
        picture = Picture(self.graph.title, summary)
        self._stand(picture)
        picture.boxes = [self.boxes[node.id] for node in self.graph.nodes]
        said: set[str] = set()
        for edge in self.graph.edges:
            picture.wires.append(self._wire(edge, edge.source not in said))
            said |= {edge.source} if edge in self.ways else set()
        return picture

    # --- ways of the wires between rows, in rows and lanes ---

    def _ways(self) -> dict[Edge, Way]:
        claims: dict[Lane, list[tuple[float, float, Edge]]] = defaultdict(list)
        ways: dict[Edge, Way] = {}
        for edge in sorted(self.across, key=self._length):
            for way, lane, begin, end in self._direct(edge):
                if not _is_taken(claims[lane], begin, end, edge):
                    claims[lane].append((begin, end, edge))
                    ways[edge] = way
                    break
        by_track = [edge for edge in self.across if edge not in ways]
        sources, targets = Counter(edge.source for edge in by_track), Counter(edge.target for edge in by_track)
        for edge in by_track:
            fans_out = sources[edge.source] > targets[edge.target]
            ways[edge] = Way("track", ("from", edge.source) if fans_out else ("to", edge.target))
        return ways

    def _direct(self, edge: Edge) -> list[tuple[Way, Lane, float, float]]:
        """The ways without a track that no box stands in: (way, lane that it goes down, from row, to row)."""
        source, target = self.spots[edge.source], self.spots[edge.target]
        if target.row <= source.row or not source.is_lowest:
            return []
        if source.lane == target.lane:
            free = self._is_free(source.lane, source.row, target.row)
            return [(Way("straight"), source.lane, source.row, target.row)] if free else []
        found: list[tuple[Way, Lane, float, float]] = []
        if self._is_free(source.lane, source.row, target.row):
            found.append((Way("down first"), source.lane, source.row, _in(target.row)))
        if self._is_free(target.lane, source.row, target.row):
            found.append((Way("across first"), target.lane, _out(source.row), target.row))
        return found

    def _is_free(self, lane: Lane, above: int, below: int) -> bool:
        return not any(self.cells[row][lane] for row in range(above + 1, below))

    def _length(self, edge: Edge) -> tuple[int, int]:
        source, target = self.spots[edge.source], self.spots[edge.target]
        return abs(target.row - source.row), source.row

    def _tracks(self) -> dict[Lane, dict[tuple[str, str], int]]:
        """Which track of which lane each bundle of wires runs on: short ones nearest to the boxes."""
        bundles: dict[tuple[Lane, tuple[str, str]], list[float]] = defaultdict(list)
        for edge, way in self.ways.items():
            if way.kind == "track":
                source, target = self.spots[edge.source], self.spots[edge.target]
                bundles[target.lane, way.key] += [_out(source.row), _in(target.row)]
        tracks: dict[Lane, dict[tuple[str, str], int]] = {lane: {} for lane in LANES}
        taken: dict[tuple[Lane, int], list[tuple[float, float]]] = defaultdict(list)
        for (lane, key), rows in sorted(
            bundles.items(), key=lambda one: (max(one[1]) - min(one[1]), min(one[1]), one[0])
        ):
            begin, end, track = min(rows), max(rows), 0
            while any(begin <= other_end and other_begin <= end for other_begin, other_end in taken[lane, track]):
                track += 1
            taken[lane, track].append((begin, end))
            tracks[lane][key] = track
        return tracks

    # --- places ---

    def _stand(self, picture: Picture) -> None:
        columns = self._columns(picture)
        y = HEAD + 20
        for cells in self.cells:
            heights = {lane: self._stack_height(cells[lane]) for lane in LANES}
            tallest = max(heights.values())
            for lane in LANES:
                self._stack(cells[lane], columns[lane], y + (tallest - heights[lane]) / 2)
            self.tops.append(y)
            self.bottoms.append(y + tallest)
            y += tallest + GAP
        picture.height = y - GAP + 22
        picture.bands = [
            Band(band.title, band.kind, band.x, band.y, band.w, picture.height - 2 * MARGIN) for band in picture.bands
        ]

    def _columns(self, picture: Picture) -> dict[Lane, float]:
        """Where the boxes of each lane begin; bands and the width of the picture follow from it."""
        x, columns = MARGIN, {}
        for lane in LANES:
            tracks = max(self.tracks[lane].values(), default=-1) + 1
            used = any(cells[lane] for cells in self.cells)
            begin = x
            x += SIDE + tracks * TRACK + (4 if tracks else 0)
            columns[lane] = x
            x += (BOX_W if used else EMPTY_W) + (ZONE if self._is_labelled(lane) else SIDE)
            picture.bands.append(Band(LANE_WORDS[lane], lane, begin, MARGIN, x - begin, 0))
            x += BAND_GAP
        picture.width = x - BAND_GAP + MARGIN
        return columns

    def _is_labelled(self, lane: Lane) -> bool:
        """Whether "changes needed" is written beside the boxes of this lane."""
        return any(
            edge.kind in SHOWN
            and lane == min(self.spots[edge.source].lane, self.spots[edge.target].lane, key=LANES.index)
            for edge in self.graph.edges
        )

    def _stack_height(self, nodes: list[Node]) -> float:
        return sum(self.words[node.id].height for node in nodes) + sum(
            self._between(above, below) for above, below in pairwise(nodes)
        )

    def _between(self, above: Node, below: Node) -> float:
        return LINKED_GAP if (above.id, below.id) in self.linked else STACK_GAP

    def _stack(self, nodes: list[Node], x: float, y: float) -> None:
        for n, node in enumerate(nodes):
            if n:
                y += self._between(nodes[n - 1], node)
            words = self.words[node.id]
            said = ". ".join((node.title, *node.notes))
            self.boxes[node.id] = Box(
                node.id, node.kind, x, y, BOX_W, words.height, words, node.tone or node.lane, node.count, said
            )
            y += words.height

    # --- wires ---

    def _wire(self, edge: Edge, is_first: bool) -> Wire:
        if edge in self.ways:
            source = self.boxes[edge.source]
            label = edge.words if edge.words in ("approved", "paid") and is_first else ""
            points = self._between_rows(edge, self.ways[edge])
            return Wire(
                edge.source, edge.target, edge.kind, points, edge.words, label, (source.cx + 7, source.bottom + 13)
            )
        label = SHOWN.get(edge.kind, "")
        points, label_at = self._in_row(edge)
        return Wire(edge.source, edge.target, edge.kind, points, edge.words, label, label_at)

    def _between_rows(self, edge: Edge, way: Way) -> tuple[Point, ...]:
        source, target = self.boxes[edge.source], self.boxes[edge.target]
        spot, goal = self.spots[edge.source], self.spots[edge.target]
        out_y, in_y = self.bottoms[spot.row] + OUT, self.tops[goal.row] - IN
        top = (target.cx, target.y)
        if way.kind == "straight":
            return (source.cx, source.bottom), top
        if way.kind == "down first":
            return (source.cx, source.bottom), (source.cx, in_y), (target.cx, in_y), top
        if way.kind == "across first":
            return (source.cx, source.bottom), (source.cx, out_y), (target.cx, out_y), top
        x = target.x - SIDE + 4 - TRACK * self.tracks[goal.lane][way.key]
        begin: tuple[Point, ...] = ((source.cx, source.bottom), (source.cx, out_y))
        if not spot.is_lowest:
            begin = ((source.x, source.cy), (source.x - APART, source.cy), (source.x - APART, out_y))
        return *begin, (x, out_y), (x, in_y), (target.cx, in_y), top

    def _in_row(self, edge: Edge) -> tuple[tuple[Point, ...], Point]:
        source, target = self.boxes[edge.source], self.boxes[edge.target]
        spot, goal = self.spots[edge.source], self.spots[edge.target]
        if spot.lane == goal.lane:
            return self._in_cell(edge, source, target)
        if edge.kind in ("sent", "returned"):
            return _to_and_fro(edge, source, target)
        turn = target.x - SIDE / 2
        between = LANES[LANES.index(spot.lane) + 1 : LANES.index(goal.lane)]
        if any(self.cells[spot.row][lane] for lane in between):
            leave, above = source.right - PAST, self.tops[spot.row] - ABOVE
            over = ((leave, source.y), (leave, above), (turn, above), (turn, target.cy))
            return (*over, (target.x, target.cy)), (0, 0)
        if abs(source.cy - target.cy) < 1:
            return ((source.right, source.cy), (target.x, target.cy)), (0, 0)
        return ((source.right, source.cy), (turn, source.cy), (turn, target.cy), (target.x, target.cy)), (0, 0)

    def _in_cell(self, edge: Edge, source: Box, target: Box) -> tuple[tuple[Point, ...], Point]:
        """One above the other: straight down, or back up beside them."""
        if edge.kind == "returned":
            x = source.right + 14
            leave, enter = source.cy - APART, target.cy + APART  # a rule may leave from the middle of either
            points = ((source.right, leave), (x, leave), (x, enter), (target.right, enter))
            return points, (x + 6, (leave + enter) / 2 + 4)
        if target.y - source.bottom <= LINKED_GAP:
            return ((source.cx, source.bottom), (target.cx, target.y)), (0, 0)
        x = source.x - SIDE / 2
        return ((source.x, source.cy), (x, source.cy), (x, target.cy), (target.x, target.cy)), (0, 0)


def _to_and_fro(edge: Edge, source: Box, target: Box) -> tuple[tuple[Point, ...], Point]:
    """Two wires between a step and its review: there above, back below, where the label stands."""
    y = source.cy + (APART if edge.kind == "returned" else -APART)
    rightwards = source.x < target.x
    begin, end = (source.right, target.x) if rightwards else (source.x, target.right)
    left = min(source.right, target.right)
    return ((begin, y), (end, y)), (left + 8, y + 15)


def _cells(graph: Graph) -> list[dict[Lane, list[Node]]]:
    return [{lane: [node for node in row if node.lane == lane] for lane in LANES} for row in graph.rows]


def _spots(cells: list[dict[Lane, list[Node]]]) -> dict[str, Spot]:
    return {
        node.id: Spot(n, lane, node is nodes[-1])
        for n, row in enumerate(cells)
        for lane, nodes in row.items()
        for node in nodes
    }


def _words_of(node: Node) -> Lettered:
    indent = ICON if node.kind in WITH_ICON else 0
    return lettered(node.title, node.notes, BOX_W - 2 * PAD_X, indent)


def _is_taken(claims: list[tuple[float, float, Edge]], begin: float, end: float, edge: Edge) -> bool:
    """Whether another wire that means something else runs along the middle of the lane there."""
    return any(
        begin < other_end and other_begin < end and other.source != edge.source and other.target != edge.target
        for other_begin, other_end, other in claims
    )


def _out(row: int) -> float:
    return row + 0.4


def _in(row: int) -> float:
    return row - 0.4
