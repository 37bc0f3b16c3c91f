"""What a simulation is begun with is made up of words and numbers alone: no colleague, and no file, at any depth."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import func, select

from flows import catalogue
from flows.access import read_as
from flows.catalogue.loader import load_packages
from flows.models import Upload
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from tests.admin.conftest import ClientOf
from tests.world import World

FLOW = """\
flow: crew
schema: 1
title: Crew
start:
  staff: true
  fields:
    name: {type: text, label: Name, required: true}
    people:
      type: list
      label: People
      required: true
      item:
        who: {type: user, label: Who, required: true}
        paper: {type: file, label: Paper, required: true}
cancel: {by: [staff, customer]}
steps:
  go: {title: Go, actor: staff, fields: {said: {type: text, label: Said}}}
"""


@pytest.mark.requirement("X31")
@pytest.mark.parametrize("database", ["sqlite"])
def test_lists_of_people_and_files_are_left_to_the_play(client_of: ClientOf, world: World, tmp_path: Path) -> None:
    (tmp_path / "crew.flow.yaml").write_text(FLOW)
    catalogue.use(load_packages([], [tmp_path]))
    page = client_of(world.admin).get("/admin/flows/crew/simulate")
    assert page.status_code == 200
    assert "&#34;name&#34;" in page.text
    assert "&#34;people&#34;" not in page.text
    end_reading()
    assert read_as(SYSTEM).scalar(select(func.count()).select_from(Upload)) == 0
