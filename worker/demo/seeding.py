"""Fills an empty demo: people first, then what they did in the last weeks, played from the first day until now."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from flows.access import read_as
from flows.clock import clock
from flows.models import User
from flows.rules.actors import SYSTEM
from flows.work import end_reading
from worker.demo import departments, housing, moving_in, repairs, shop
from worker.demo.agreements import write_agreements
from worker.demo.people import write_people
from worker.demo.playing import Player
from worker.trouble import Trouble


def seed(app: Flask) -> bool:
    """Write the demo's worlds; False when there are people already. Raises Trouble outside demo mode."""
    settings = app.config["BATON"]
    if not settings.is_demo:
        raise Trouble(f"Demo people have known passwords; BATON_MODE is {settings.mode}, and only demo may have them")
    with app.app_context(), clock.apart():
        if read_as(SYSTEM).scalar(select(User.id).limit(1)) is not None:
            return False
        end_reading()
        player = Player(today=clock.now())
        player.cast = write_people(player.days_ago(60, "09:00"))
        write_agreements(player)
        stories = (shop, housing, repairs, moving_in, departments)
        player.play([scene for one in stories for scene in one.story(player)])
    return True
