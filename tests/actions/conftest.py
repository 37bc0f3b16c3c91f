"""Verbs are tested without any door."""

from __future__ import annotations

import pytest


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ()
