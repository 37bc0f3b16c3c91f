"""The start page: what is to do comes first, and what happens otherwise."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser_tools import HtmlFacts
from tests.portal.browsing import Visitor
from tests.portal.story import ANSWERS, STEP, fire_timers, order_through_pages
from tests.world import World


def test_a_company_with_nothing_to_do(buyer: Visitor) -> None:
    page = buyer.get("/")
    assert "Hello, Bea" in page
    assert "You have nothing to do" in page
    assert "Important" not in page
    assert 'href="/shop"' in page
    assert HtmlFacts(page).problems() == []


def test_what_is_due_and_what_happens_otherwise(buyer: Visitor, world: World) -> None:
    order_through_pages(buyer, world, world.coro)
    page = buyer.get("/")
    assert "You have 1 outstanding task." in page
    assert "Monday 9 November, 11:59pm</time> (in 7 days)" in page
    assert "If it is not done by then, order #1001 will be cancelled." in page
    assert "Total pending tasks <b>1</b>" in page
    assert "Due in 7 days" in page
    assert HtmlFacts(page).problems() == []


def test_the_one_that_ends_first_is_named(buyer: Visitor, world: World, move_clock: Callable[..., Any]) -> None:
    order_through_pages(buyer, world, world.coro)
    move_clock(days=2)
    order_through_pages(buyer, world, world.coro)
    page = buyer.get("/")
    assert "You have 2 outstanding tasks." in page
    assert page.index("TI-2001" if "TI-2001" in page else "#1001") < page.index("#1002")


def test_what_is_done_moves_down(buyer: Visitor, world: World, move_clock: Callable[..., Any]) -> None:
    order_through_pages(buyer, world, world.coro)
    order_through_pages(buyer, world, world.coro)
    buyer.send(STEP, **ANSWERS)
    move_clock(days=8)
    fire_timers()
    page = buyer.get("/")
    assert "Recently done" in page
    assert ">Completed<" in page
    assert ">Expired<" in page
    assert "You have nothing to do" in page


def test_a_household_has_no_shop(tenant: Visitor) -> None:
    page = tenant.get("/")
    assert "Hello, Priya" in page
    assert "Total pending" not in page
    assert 'href="/shop"' not in page
    assert "Task System" not in page


@pytest.mark.parametrize("path", ["/", "/tasks", "/shop", STEP])
def test_a_first_visit_loads_little(buyer: Visitor, world: World, path: str) -> None:
    """SCREENS.md section 7: a page with everything it asks for, compressed; nothing comes from elsewhere."""
    order_through_pages(buyer, world, world.coro, world.microsoft)
    html = buyer.get(path)
    asked = set(re.findall(r'(?:src|href)="(/static/[^"#]+)', html))
    assert len(asked) <= 3
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)
    files = [buyer.client.get(one, headers={"Accept-Encoding": "gzip"}) for one in asked]
    assert all(file.status_code == 200 for file in files)
    assert len(gzip.compress(html.encode(), 6)) + sum(len(file.data) for file in files) <= 12 * 1024
