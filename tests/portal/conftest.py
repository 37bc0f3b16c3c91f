"""Fixtures that the portal's tests share."""

import pytest
from flask import Flask

from tests.portal.browsing import Visitor
from tests.world import World


@pytest.fixture
def buyer(app: Flask, world: World) -> Visitor:
    """Bea of Brightpath IT, who resells to Acme and Beta."""
    return Visitor(app, world.buyer)


@pytest.fixture
def stranger(app: Flask, world: World) -> Visitor:
    """Stan of another reseller."""
    return Visitor(app, world.stranger)


@pytest.fixture
def tenant(app: Flask, world: World) -> Visitor:
    """Priya, a household of her own."""
    return Visitor(app, world.tenant)


@pytest.fixture
def parts() -> tuple[str, ...]:
    """The portal is tested without the back office."""
    return ("messaging", "portal")
