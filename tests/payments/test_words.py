"""The pages of a payment in another language: every one of them says what it says through the catalogue (X23)."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests import pseudo
from tests.payments.conftest import BANK, Play
from tests.portal.browsing import Visitor
from tests.world import World

pytestmark = [pytest.mark.requirement("X23"), pytest.mark.parametrize("database", ["sqlite"])]
SAID_BY_THE_ENGINE = re.compile(
    r".* (received|refunded)|Created|answers sent|You|can start now|Mail sent to .*|Action needed|DEP"
)
"""What the queries and rules of the product say, in the words of whoever asks."""


def test_from_the_task_to_the_money_back(
    app: Flask, play: Play, world: World, monkeypatch: pytest.MonkeyPatch, database: str
) -> None:
    priya = Visitor(app, world.tenant)
    names = {"Baton", "Stripe", *BANK.replace(" account", "").splitlines()}
    walk = pseudo.Walk(monkeypatch, SAID_BY_THE_ENGINE, names)

    def see(*paths: str) -> None:
        here = f"/tasks/{play.ref}"
        walk.see(priya.client, here, f"{here}/steps/{play.step}/pay", *(f"{here}{path}" for path in paths))

    play.start(45_000)
    see()
    priya.send(f"/tasks/{play.ref}/steps/{play.step}/pay")
    see(f"/steps/{play.step}/pay?back=paid", f"/steps/{play.step}/pay?back=turned")
    play.pay("decline")
    see()
    play.pay()
    see()
    play.refund()
    see()
    play.run()
    see()
    play.start(None)
    see()
    assert not walk.found, walk.report
