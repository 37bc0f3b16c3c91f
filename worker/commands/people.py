"""Commands about people: how the first staff come in, before anybody can invite them in the back office."""

from __future__ import annotations

from collections.abc import Callable

import click

from flows.actions import accounts, roles
from flows.rules.actors import SYSTEM
from flows.rules.errors import Busy, Invalid
from flows.settings import Settings
from flows.work import Work, unit_of_work
from worker.trouble import Trouble


@click.group()
def user() -> None:
    """Invite staff and give them roles."""


@user.command()
@click.argument("email")
def invite(email: str) -> None:
    """Mail a link to join the staff to EMAIL; customers are invited by their organisation, in the portal."""
    _work(lambda work: accounts.invite(work, email, "staff"))
    click.echo(f"An invitation goes to {email}. Once it is accepted: baton user role {email} admin")


@user.command()
@click.argument("email")
@click.argument("name")
def role(email: str, name: str) -> None:
    """Give the staff member EMAIL the role NAME; a new installation has admin, agent and reader."""
    _work(lambda work: roles.give_one(work, email, name))
    click.echo(f"{email} has the role {name}.")


def _work(act: Callable[[Work], object]) -> None:
    from wsgi import create_app

    with create_app(Settings.from_env(), ("messaging",)).app_context():
        try:
            with unit_of_work(SYSTEM) as work:
                act(work)
        except Invalid as mistake:
            raise Trouble("; ".join(problem.detail for problem in mistake.problems)) from None
        except Busy as busy:
            raise Trouble(f"That was tried too often; wait {busy.retry_after} s") from None
