"""Files of answers as people see them: each of a list with the entry that it belongs to (B11)."""

from __future__ import annotations

import pytest

from flows.catalogue import parse_stored
from flows.queries.files import FilesOf, Shown
from portal.pdf import _answer

FLOW = """\
flow: rooms
schema: 1
title: Rooms
start: {customer: true}
steps:
  look:
    title: Look
    actor: customer
    fields:
      rooms:
        type: list
        label: Rooms
        item:
          alarm: {type: text, label: Code of the alarm, sensitive: true}
          photo: {type: file, label: Photos, multiple: true}
          room: {type: choice, label: Room, options: {bed: Bedroom, bath: Bathroom}}
"""
ROOMS = [{"room": "bed", "photo": ["a", "b"], "alarm": "1234"}, {"room": "bath"}, {"photo": ["c"], "alarm": "9"}]


@pytest.mark.requirement("B11", "X20")
def test_a_file_of_a_list_is_named_with_its_entry() -> None:
    field = parse_stored(FLOW).steps["look"].fields["rooms"]
    row = FilesOf({uid: Shown(uid, f"{uid}.png") for uid in "abc"}).row("rooms", field, ROOMS)
    assert [(one.entry, one.name) for one in row["files"]] == [
        ("Bedroom", "a.png"), ("Bedroom", "b.png"), ("3", "c.png"),
    ]  # fmt: skip
    assert _answer(row).splitlines()[1:] == ["Bedroom: a.png", "Bedroom: b.png", "3: c.png"]
