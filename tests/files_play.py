"""A request that asks for files, and short words for what people and the worker do with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import select

from flows import access, catalogue
from flows.actions import attaching, beginning, receiving
from flows.actions.beginning import Wish
from flows.models import Effect, Upload
from flows.rules.actors import SYSTEM, Actor
from flows.work import end_reading, unit_of_work
from messaging import outbox
from tests import samples
from tests.served import serve

SHIPPED = [
    (name, f"flows.plugins.{name}")
    for name in ("coro", "shop", "department_request", "department_task", "tenant_onboarding")
]
TASK = "/tasks/TI-2001"
STEP = f"{TASK}/steps/photos"


@contextmanager
def repair_flow() -> Iterator[None]:
    """The flow is served beside the shipped ones."""
    before = catalogue.current()
    serve(SHIPPED, Path(__file__).parent / "flows_with_files")
    yield
    catalogue.use(before)


def begin(agent: Actor, person: str = "usr_priya") -> str:
    """Staff begin the request for somebody; its reference."""
    with unit_of_work(agent) as work:
        instance = beginning.start_by_staff(work, "report-a-repair", person, Wish())
        work.session.flush()
        return instance.reference


def send(actor: Actor, name: str = "ceiling.jpg", content: bytes = b"") -> str:
    """A file that this person sends; nobody has looked at it yet. Its id."""
    received = receiving.receive(actor, receiving.Sent("file", name, io.BytesIO(content or samples.picture())))
    with unit_of_work(actor) as work:
        return attaching.take(work, received).uid


def look_at_all() -> None:
    """What the worker does about files."""
    end_reading()
    owed = select(Effect.id).where(Effect.kind == "check", Effect.state == "pending")
    for effect_id in access.read_as(SYSTEM).scalars(owed).all():
        outbox.deliver(effect_id)
    end_reading()


def ready(actor: Actor, name: str = "ceiling.jpg", content: bytes = b"") -> str:
    """A file that this person sent and that was looked at."""
    uid = send(actor, name, content)
    look_at_all()
    return uid


def upload(uid: str) -> Upload:
    end_reading()
    return access.read_as(SYSTEM).scalars(select(Upload).where(Upload.uid == uid)).one()
