"""Fixtures that the portal's tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from flows import catalogue
from tests.guided.conftest import SHIPPED, Play
from tests.portal.browsing import Visitor
from tests.served import serve
from tests.world import World

GUIDED = [Path(__file__).parents[1] / "guided" / "flows", Path(__file__).parent / "flows"]


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


@pytest.fixture
def guided_flows(app: Flask) -> Iterator[None]:
    """The shipped flows, the move-in of the guided tests, and flows with pages, conditions and other scales."""
    before = catalogue.current()
    serve(SHIPPED, *GUIDED)
    yield
    catalogue.use(before)


@pytest.fixture
def play(world: World, guided_flows: None) -> Play:
    """Requests of Priya, and what the others do in them."""
    return Play(world)
