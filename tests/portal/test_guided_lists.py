"""Guided requests by turn: the start page and the list of a household, with the right words for every state."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from flask import Flask

from flows import access
from flows.actions import beginning, closing, rating
from flows.actions.beginning import Wish
from flows.work import unit_of_work
from tests.browser_tools import HtmlFacts
from tests.guided.conftest import HOUSEHOLD, IDENTITY, Play
from tests.portal.browsing import Visitor
from tests.world import World

MOST_STATEMENTS = 8
HTML_BUDGET = 4 * 1024


def section(page: str, heading: str) -> str:
    """The words of a part of the start page."""
    found = re.search(rf"<h2>{heading}</h2>.*?(?=<h2>|</main>)", page, re.DOTALL)
    return words(found[0]) if found else ""


def words(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip()


def cancel(play: Play, reason: str = "Moved away") -> None:
    with unit_of_work(play.world.admin) as work:
        closing.cancel_request(work, access.instance_to_change(work, play.ref), reason)


@pytest.mark.requirement("C2", "C8")
def test_a_new_request_is_to_do(tenant: Visitor, play: Play) -> None:
    play.start()
    page = tenant.get("/")
    assert "Move-in TI-2001 · 0 of 4 steps completed · due 16 November Not started" in section(page, "To do")
    assert "Important" not in page, "it is due in two weeks"
    assert HtmlFacts(page).problems() == []


@pytest.mark.requirement("C34")
def test_while_we_review_it_is_with_us(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    page = tenant.get("/")
    assert "You have nothing to do. We will email you when you do." in page
    assert "sent 2 November · 0 of 4 steps completed Being reviewed" in section(page, "With us")


@pytest.mark.requirement("C36")
def test_what_was_handed_back_is_to_do_and_important(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back("identity")
    page = tenant.get("/")
    assert "We asked for changes to “Who you are”" in section(page, "To do")
    assert "Changes needed" in section(page, "To do")
    assert page.count("Important") == 1
    assert "We asked you to change “Who you are” in “Move-in”." in words(page)
    assert 'href="/tasks/TI-2001">Look at “Move-in”' in page


@pytest.mark.requirement("C22", "Q20")
def test_the_one_banner_is_about_what_presses_most(tenant: Visitor, play: Play, move_clock: Callable[..., Any]) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.send_back("identity")
    play.start("ask-permission", inputs={})
    move_clock(days=8)
    page = tenant.get("/")
    assert page.count("Important") == 1
    assert "You have 2 outstanding tasks. The next one: “Ask for permission” is due on" in words(page)
    assert "View your outstanding tasks" in page
    move_clock(days=5)
    page = tenant.get("/")
    assert "“Ask for permission” was due on" in words(page)
    assert "was due 14 November" in section(page, "To do")
    assert ">Overdue<" in page


@pytest.mark.requirement("C38")
def test_a_reopened_step_needs_changes_too(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("household", HOUSEHOLD)
    play.reopen("household", reason="The income was last year's")
    assert "Changes needed" in section(tenant.get("/"), "To do")


@pytest.mark.requirement("C43", "C44", "C12")
def test_what_was_done_lately_can_be_rated_there(tenant: Visitor, play: Play, move_clock: Callable[..., Any]) -> None:
    play.start()
    play.through()
    play.conclude()
    first = play.ref
    play.start()
    play.submit("household", {**HOUSEHOLD, "income": 1000})
    play.start("ask-permission", inputs={})
    cancel(play)
    page = tenant.get("/")
    done = section(page, "Recently done")
    assert "Completed" in done
    assert "Closed" in done
    assert "Cancelled" in done
    assert page.count("/outcome#rating") == 2, "an outcome is rated, a cancelled request is not"
    with unit_of_work(play.world.tenant) as work:
        rating.rate(work, access.instance_to_change(work, first), 5)
    assert tenant.get("/").count("/outcome#rating") == 1
    move_clock(days=31)
    assert "Recently done" not in tenant.get("/")


@pytest.mark.requirement("C18")
def test_when_we_have_the_next_step_it_is_with_us(tenant: Visitor, play: Play) -> None:
    play.start()
    play.submit("identity", IDENTITY)
    play.approve("identity")
    play.submit("household", HOUSEHOLD)
    assert "2 of 4 steps completed With us" in section(tenant.get("/"), "With us")


def test_the_list_by_turn_with_counts_and_search(tenant: Visitor, play: Play) -> None:
    play.start()
    play.start("ask-permission", inputs={})
    play.start()
    play.submit("identity", IDENTITY)
    page = tenant.get("/tasks")
    assert words(page).count("To do (2) With us (1) Done (0)") == 1
    assert "Ask for permission" in page
    assert "TI-2003" not in page
    assert "TI-2003" in tenant.get("/tasks?show=with-us")
    found = tenant.get("/tasks?show=todo&q=permission")
    assert "TI-2002" in found
    assert "TI-2001" not in found
    assert 'value="permission"' in found
    assert "No task fits “nothing”." in tenant.get("/tasks?show=todo&q=nothing")
    assert "What is done will be here." in tenant.get("/tasks?show=done")
    assert "To do (2)" in words(tenant.get("/tasks?show=nonsense"))
    assert HtmlFacts(page).problems() == []


def test_what_others_have_uses_no_limit_up(app: Flask, tenant: Visitor, play: Play, world: World) -> None:
    """Each list is limited before it is read."""
    with unit_of_work(world.agent) as work:
        for _ in range(7):
            beginning.start_by_staff(work, "move-in", world.acme, Wish(inputs={"rent": 1000}))
    play.start()
    page = tenant.get("/")
    assert "TI-2008" in page
    assert "TI-2001" not in page
    assert "To do (1)" in words(tenant.get("/tasks"))
    owner = Visitor(app, world.acme_owner)
    assert "Move-in for Acme Ltd" in owner.get("/")
    assert "TI-2008" not in owner.get("/")


LISTS = ("/", "/tasks", "/tasks?show=with-us", "/tasks?show=done")


def test_lists_cost_the_same_for_1_and_for_50(
    tenant: Visitor, play: Play, count_statements: Callable[[], list[str]]
) -> None:
    made: list[list[int]] = []
    for more in (1, 16):
        for _ in range(more):
            play.start()
            play.submit("identity", IDENTITY)
            play.start()
            play.submit("identity", IDENTITY)
            play.send_back("identity")
            play.start()
            play.submit("household", {**HOUSEHOLD, "income": 1000})
        made.append([_cost(tenant, count_statements, path) for path in LISTS])
    assert made[0] == made[1]
    assert max(made[0]) <= MOST_STATEMENTS


def _cost(tenant: Visitor, count_statements: Callable[[], list[str]], path: str) -> int:
    """Its statements, once what is kept for a process is there; and its bytes are few."""
    tenant.get(path)
    counted = count_statements()
    html = tenant.get(path)
    needed = len(counted)
    assert len(gzip.compress(html.encode(), 6)) <= HTML_BUDGET, path
    return needed


def test_pages_of_the_list_follow_each_other(tenant: Visitor, play: Play) -> None:
    for _ in range(27):
        play.start()
    first = tenant.get("/tasks")
    following = re.search(r'href="(/tasks\?[^"]*cursor=[^"]+)" rel="next"', first)
    assert following
    second = tenant.get(following[1].replace("&amp;", "&"))
    seen = {*re.findall(r"/tasks/(TI-\d+)", first)}, {*re.findall(r"/tasks/(TI-\d+)", second)}
    assert [len(one) for one in seen] == [25, 2]
    assert not seen[0] & seen[1]
    assert "First page" in second
