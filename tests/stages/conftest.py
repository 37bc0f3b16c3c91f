"""Cases and department tasks are tested through their verbs, without any door."""

from __future__ import annotations

import pytest

from tests.stages.desk import desk

__all__ = ["desk"]


@pytest.fixture
def parts() -> tuple[str, ...]:
    return ()
