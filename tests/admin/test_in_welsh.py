"""Files for staff in their language: the same words as on the screen (X23, X25)."""

from __future__ import annotations

import csv
import io

import pytest

from flows.models import User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_instance_looks import play
from tests.guided.conftest import Play, move_in

__all__ = ["move_in", "play"]


@pytest.mark.requirement("X23", "X25")
@pytest.mark.parametrize("database", ["sqlite"])
def test_titles_in_files_are_those_of_the_list(client_of: ClientOf, play: Play) -> None:
    play.start("tenant-onboarding", inputs={"rent": 100_000}, amounts={"deposit": 45_000})
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, play.world.user_ids["admin"]).language = "cy"
    text = client_of(play.world.admin).get("/admin/instances/export/csv/").get_data(as_text=True)
    [line] = [*csv.reader(io.StringIO(text))][1:]
    assert line[:2] == [play.ref, "Symud i mewn"]
