"""Laws of the doors: reading never writes, and whoever is not meant is told the same as everybody."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from tests.actions.test_order_story import instances, place
from tests.portal.browsing import Visitor
from tests.world import World

WORDS = {
    "reference": "TI-2001",
    "ref": "TI-2001",
    "name": "details",
    "number": "1001",
    "path": "base.css",
    "token": "nobody",
    "organisation": "cus_brightpath",
    "id": "1",
    "uid": "nobody",
}


def addresses(app: Flask) -> list[str]:
    """Every page that can be asked for with GET, its variable parts filled with things of the small world."""
    found = set()
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()):
            found.add(_filled(app, rule))
    return sorted(address for address in found if not address.startswith("/static"))


def _filled(app: Flask, rule: Rule) -> str:
    values: dict[str, object] = {name: WORDS.get(name, "1") for name in rule.arguments}
    for name, converter in rule._converters.items():
        if isinstance(converter, IntegerConverter):
            values[name] = 1
        elif isinstance(converter, AnyConverter):
            values[name] = min(converter.items)
    with app.test_request_context():
        return rule.build(values, append_unknown=False)[1]  # type: ignore[index]


@pytest.mark.parametrize("who", ["buyer", "admin", None])
def test_get_never_writes_and_never_fails(
    app: Flask, world: World, who: str | None, count_statements: Callable[[], list[str]]
) -> None:
    place(world, world.coro, world.hosting)
    assert instances()
    client = Visitor(app, getattr(world, who)).client if who else app.test_client()
    wrote, failed, many = {}, {}, {}
    for address in addresses(app):
        made = count_statements()
        answer = client.get(address)
        writing = [statement for statement in made if statement.split(None, 1)[0] in ("INSERT", "UPDATE", "DELETE")]
        if writing:
            wrote[address] = writing
        if answer.status_code >= 500 and address != "/readyz":
            failed[address] = answer.status_code
        if len(made) > 12:
            many[address] = len(made)
    assert wrote == {}
    assert failed == {}
    assert many == {}
