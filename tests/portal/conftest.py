"""Fixtures that the portal's tests share."""

from tests.browser_tools import axe, chromium

__all__ = ["axe", "chromium"]
