"""Files for staff in their language: the same words as on the screen (X23, X25)."""

from __future__ import annotations

import csv
import io

import pytest
from sqlalchemy import select

from flows.models import User
from flows.rules.actors import SYSTEM
from flows.work import unit_of_work
from tests.admin.conftest import ClientOf
from tests.admin.test_instance_looks import play
from tests.guided.conftest import Play, move_in
from tests.stages.desk import Desk, desk

__all__ = ["desk", "move_in", "play"]


HERE = "/admin/flows/tenant-onboarding"


def read_in_welsh(play: Play) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.get_one(User, play.world.user_ids["admin"]).language = "cy"


@pytest.mark.requirement("X23", "X25")
@pytest.mark.parametrize("database", ["sqlite"])
def test_titles_in_files_are_those_of_the_list(client_of: ClientOf, play: Play) -> None:
    play.start("tenant-onboarding", inputs={"rent": 100_000}, amounts={"deposit": 45_000})
    read_in_welsh(play)
    text = client_of(play.world.admin).get("/admin/instances/export/csv/").get_data(as_text=True)
    [line] = [*csv.reader(io.StringIO(text))][1:]
    assert line[:2] == [play.ref, "Symud i mewn"]


@pytest.mark.requirement("X23")
@pytest.mark.parametrize("database", ["sqlite"])
@pytest.mark.parametrize(
    "path",
    ["", "/preview", "/simulate", "/times", "/switch", "/versions", "/versions/diff?a=1&b=file", "/versions/file/plan"],
)
def test_pages_of_a_flow_call_it_as_requests_do(client_of: ClientOf, play: Play, path: str) -> None:
    play.start("tenant-onboarding", inputs={"rent": 100_000}, amounts={"deposit": 45_000})
    read_in_welsh(play)
    html = client_of(play.world.admin).get(f"{HERE}{path}").get_data(as_text=True)
    heading = html.partition("<title>")[2].partition("</title>")[0] + html.partition("<main")[2].partition("</h1>")[0]
    assert "Symud i mewn" in heading
    assert "Move-in" not in heading


@pytest.mark.requirement("X23")
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_list_of_flows_too(client_of: ClientOf, play: Play) -> None:
    read_in_welsh(play)
    html = client_of(play.world.admin).get("/admin/flows/").get_data(as_text=True)
    assert f'<a href="{HERE}">Symud i mewn</a>' in html


@pytest.mark.requirement("X23", "B4")
@pytest.mark.parametrize("database", ["sqlite"])
def test_what_a_flow_is_decides_where_its_cases_are_found_and_not_what_that_is_called(
    client_of: ClientOf, desk: Desk
) -> None:
    desk.raise_case()
    with unit_of_work(SYSTEM) as work:
        work.session.scalars(select(User).where(User.id == desk.people["ada"].user_id)).one().language = "cy"
    html = client_of(desk.people["ada"]).get("/admin/flows/department-request").get_data(as_text=True)
    assert "Achos" in html
    assert 'href="/admin/cases/?' in html or 'href="/admin/cases/"' in html
    assert "/admin/board/?" not in html
