"""The documentation of the API as people see it: nothing for axe to find, on a phone and on a wide screen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from playwright.sync_api import Page

from tests.browser_tools import serving


@pytest.mark.browser
@pytest.mark.requirement("D5")
@pytest.mark.parametrize("database", ["sqlite"])
def test_the_documentation_is_usable_by_everybody(app: Flask, axe: Callable[..., None], database: str) -> None:
    with serving(partial(Flask.wsgi_app, app)) as origin:  # without what the test client needs around it
        axe(f"{origin}/api/v1/docs", "api-docs")
        axe(f"{origin}/api/v1/docs", "api-docs-open", prepare=unfold)
        axe(f"{origin}/problems/stale-version", "api-problem")


def unfold(page: Page) -> None:
    """The beginning of the operations and of the shapes."""
    for part in ("instances", "uploads", "shapes"):
        for one in page.locator(f"section[aria-labelledby={part}] > details > summary").all()[:5]:
            one.click()
