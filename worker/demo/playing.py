"""Plays the past of the demo: moves the clock from scene to scene and sees to everything that falls due between them.

The verbs are the real ones, so timelines and timers are what they would have been. Only nothing leaves the product:
mails and webhooks of the past are marked as delivered at their time, or a new user would begin with forty old mails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from flows import access
from flows.actions import attaching, delivering, firing, ordering
from flows.actions.attaching import Verdict
from flows.actions.delivering import Owed
from flows.authoring.play import passing
from flows.clock import clock
from flows.events import MailSent
from flows.models import Effect, User
from flows.rules.actors import SYSTEM, Actor
from flows.work import Work, unit_of_work
from messaging import posting
from messaging.outbox import NOT_ON_THE_TIMELINE
from messaging.wanting import SetAside
from worker.demo.people import Cast
from worker.demo.provisioner import answers_later, reference_of

ZONE = ZoneInfo("Europe/London")
REFUSAL = "127.0.0.1 answers 422"


@dataclass(frozen=True)
class Scene:
    """Something that somebody does at a moment."""

    at: datetime
    act: Callable[[], object]


class Player:
    """Holds the clock of the past. While `provider_refuses`, webhooks give up at once and become incidents."""

    cast: Cast

    def __init__(self, today: datetime) -> None:
        self.today = today
        self.provider_refuses = False

    def days_ago(self, days: int, hour: str) -> datetime:
        """That time of day in London, so many days before today."""
        day = self.today.astimezone(ZONE).date() - timedelta(days=days)
        return datetime.combine(day, time.fromisoformat(hour), ZONE)

    def actor(self, key: str) -> Actor:
        return self.cast.actors[key]

    def play(self, scenes: Iterable[Scene]) -> None:
        """Play the scenes in the order of time, and what falls due between and after them until today."""
        for scene in sorted(scenes, key=lambda scene: scene.at):
            self.pass_time(scene.at)
            scene.act()
        self.pass_time(self.today)

    def pass_time(self, until: datetime) -> None:
        """Move on to that moment, seeing to everything due on the way, each at its own time."""
        passing.pass_time(until, self._see_to_it)

    def settle(self) -> None:
        """See to what is owed at this moment."""
        self.pass_time(clock.now())

    def _see_to_it(self, due: passing.Due) -> None:
        with unit_of_work(SYSTEM) as work:
            for instance_id in due.instances:
                firing.fire_due(work, instance_id)
            work.session.flush()
            for effect_id, _kind in due.effects:
                self._deliver(work, effect_id)
                work.session.flush()

    def _deliver(self, work: Work, effect_id: int) -> None:
        effect = work.session.get_one(Effect, effect_id)
        if effect.kind in delivering.AT_HOME:
            delivering.call(work, effect_id)
        elif (owed := delivering.begin(work, effect_id)) is not None:
            work.session.flush()
            if owed.kind in ("refund", "checkout"):  # nothing of the past is asked of a payment provider
                delivering.succeed(work, owed.id)
                return
            if owed.kind == "check":
                _checked(work, owed)
                return
            (_mailed if owed.kind == "email" else self._provisioned)(work, owed)

    def _provisioned(self, work: Work, owed: Owed) -> None:
        if self.provider_refuses:
            delivering.fail(work, owed.id, REFUSAL, permanent=True)
            return
        line = owed.payload["body"]
        status = 202 if answers_later(line["sku"]) else 200
        ordering.line_answered(work, line["line"], status, {"reference": reference_of(line["sku"], line["line"])})
        delivering.succeed(work, owed.id, status=status)


def _checked(work: Work, owed: Owed) -> None:
    """The pictures of the demo are its own: small, harmless, and their own preview."""
    uid = owed.payload["upload"]
    upload = access.upload_to_judge(work, uid)
    attaching.checked(work, uid, Verdict(preview_sha256=upload.sha256 if upload else None))
    delivering.succeed(work, owed.id)


def _mailed(work: Work, owed: Owed) -> None:
    recipient = work.session.get_one(User, owed.payload["to"])
    try:
        words = posting.write(owed)
    except SetAside as unwanted:
        delivering.set_aside(work, owed.id, unwanted.reason)
        return
    sent = MailSent(owed.payload["template"], recipient.name, words.subject, recipient.kind == "staff")
    subject = access.subject_to_change(work, owed.instance_id, owed.order_id)
    if subject is not None and sent.template not in NOT_ON_THE_TIMELINE:
        work.record(subject, sent)
    delivering.succeed(work, owed.id, to=recipient.email)
