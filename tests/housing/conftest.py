"""Lettings with their lookups, on the whole product."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.admin.conftest import client_of, unprotected
from tests.api.conftest import signed_in
from tests.housing import letting
from tests.housing.plugin import asked
from tests.portal.conftest import tenant

__all__ = ["client_of", "signed_in", "tenant", "unprotected"]


@pytest.fixture(autouse=True)
def flows_are_served(app: Flask) -> None:
    letting.serve(app)
    asked.clear()
