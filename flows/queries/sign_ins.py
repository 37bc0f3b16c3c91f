"""Where a person is signed in, and whether a token that opens nothing any more once did."""

from __future__ import annotations

from sqlalchemy import select

from flows.access import read_as
from flows.clock import clock
from flows.models import SignIn
from flows.rules.actors import Actor


def of_person(actor: Actor) -> list[SignIn]:
    """The actor's sessions that are alive and past the second factor, the one used last first."""
    query = select(SignIn).where(
        SignIn.user_id == actor.user_id,
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > clock.wall(),
        SignIn.second_factor_at.is_not(None),
    )
    return list(read_as(actor).scalars(query.order_by(SignIn.last_seen_at.desc(), SignIn.id).limit(50)))


def has_run_out(actor: Actor, token_hash: str) -> bool:
    """Whether this was the access token of a session that is alive: then the app refreshes instead of asking anew."""
    query = select(SignIn.id).where(SignIn.token_hash == token_hash, SignIn.door == "app", SignIn.revoked_at.is_(None))
    return read_as(actor).scalar(query.where(SignIn.expires_at > clock.wall())) is not None
