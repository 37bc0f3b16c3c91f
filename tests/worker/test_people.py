"""`baton user`: the first staff of a new installation."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from flows.access import read_as
from flows.actions.roles import give_one
from flows.models import User
from flows.rules.actors import PERMISSIONS, SYSTEM
from flows.rules.errors import Invalid, Refused
from flows.work import unit_of_work
from tests.worker.test_command_line import baton
from tests.world import World


def roles_of(email: str) -> list[str]:
    user = read_as(SYSTEM).scalars(select(User).where(User.email == email)).one()
    return sorted(role.name for role in user.roles)


def test_a_role_is_given_once_to_staff_only(world: World) -> None:
    for _ in range(2):
        with unit_of_work(SYSTEM) as work:
            give_one(work, "gus@example.com", "reader")
    assert roles_of("gus@example.com") == ["agent", "reader"]
    for email, name in (("bea@example.com", "reader"), ("gus@example.com", "king"), ("nobody@example.com", "reader")):
        with pytest.raises(Invalid), unit_of_work(SYSTEM) as work:
            give_one(work, email, name)
    with pytest.raises(Refused), unit_of_work(world.agent) as work:
        give_one(work, "gus@example.com", "admin")


def test_a_new_installation_begins_with_an_admin(app: Flask) -> None:
    with unit_of_work(SYSTEM) as work:
        work.session.add(User(kind="staff", email="ada@example.com", name="Ada", created_at=work.now))
        work.session.flush()
        user = give_one(work, "ada@example.com", "admin")
    assert set(user.roles[0].permissions) == set(PERMISSIONS)


def test_an_invitation_is_owed_as_a_mail(tmp_path: Path) -> None:
    baton("db", "upgrade", folder=tmp_path)
    said = baton("user", "invite", "ada@example.com", folder=tmp_path)
    assert said.returncode == 0, said.stderr
    again = baton("user", "invite", "not an address", folder=tmp_path)
    assert again.returncode == 2
    assert "Traceback" not in again.stderr
    assert baton("user", "role", "ada@example.com", "admin", folder=tmp_path).returncode == 2
