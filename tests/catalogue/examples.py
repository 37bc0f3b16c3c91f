"""The examples of `lint --explain` as files: what they leave out is filled in, so that lint can be run on them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from flows.authoring.explaining import Piece

REST = {
    "schema": "schema: 1",
    "title": "title: Order tea",
    "start": "start: {customer: true, staff: true}",
    "steps": "steps: {choose: {title: Choose, actor: customer, fields: {kind: {type: text, label: Which tea}}}}",
}
"""What every flow needs, and an example need not show."""


def written(pieces: Sequence[Piece], folder: Path) -> list[Path]:
    """The files of an example; a flow that none of them is a part of is there as well."""
    beside = [piece for piece in pieces if not piece.file.endswith((".flow.yaml", ".py", ".txt"))]
    flowless = [piece for piece in pieces if piece.file.endswith((".flow.yaml", ".py", ".txt"))]
    made = [*beside, *(flowless or [Piece("tea.flow.yaml", "")])]
    for piece in made:
        file = folder / piece.file
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_whole(piece).encode(piece.encoding))
    return [folder / piece.file for piece in made]


def _whole(piece: Piece) -> str:
    """`…` stands for more of the same than anybody would read."""
    text = piece.text.replace("…", "tea, " * 12_000)
    if not piece.file.endswith(".flow.yaml"):
        return text
    given = set(re.findall(r"^(\w+):", text, re.MULTILINE)) | ({"steps"} if "states:" in text else set())
    flow = {"flow": f"flow: {piece.file.rpartition('/')[2].removesuffix('.flow.yaml')}"}
    return "\n".join([line for key, line in {**flow, **REST}.items() if key not in given] + [text])
