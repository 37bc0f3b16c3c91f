"""Whole stories: most need no page."""

from __future__ import annotations

import pytest


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ("messaging",)
