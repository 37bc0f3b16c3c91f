"""The only way from an id to a row: who may read or change what.

Every `Owned` class is narrowed in the session itself (`flows.narrowing`), so a query that forgets to ask still cannot
see another organisation's rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, bindparam, false, func, inspect, or_, select
from sqlalchemy.orm import Session, joinedload, selectinload
from sqlalchemy.orm.attributes import set_committed_value

from flows import sessions
from flows.catalogue.current import name_now
from flows.models import (
    Effect,
    Instance,
    Order,
    OrderLine,
    Organisation,
    Payment,
    Product,
    SavedReply,
    SavedView,
    Step,
    Upload,
    User,
)  # fmt: skip
from flows.models.instances import instance_id_from
from flows.models.orders import order_id_from
from flows.narrowing import organisations_of
from flows.rules.actors import Actor
from flows.rules.errors import Invalid, OutOfStep, Refused, Stale
from flows.rules.people import is_among
from flows.rules.private import check_opening
from flows.rules.uploads import still_checking
from flows.words import N_
from flows.words import gettext as _
from flows.work import Subject, Work

T = TypeVar("T")
Kept = TypeVar("Kept", SavedView, SavedReply)


def read_as(actor: Actor) -> Session:
    """The session for reading as `actor`; what it sees is narrowed to what they may see."""
    session = sessions.session()
    session.info["actor"] = actor
    return session


# --- organisations and products ---------------------------------------------------------------------------------


def visible_organisations(actor: Actor) -> Select[Organisation]:
    """Organisations this actor may act for, by name; staff see every customer."""
    query = select(Organisation).where(Organisation.is_active, Organisation.is_customer)
    query = query.order_by(func.lower(Organisation.name), Organisation.id)
    if actor.kind == "customer":
        query = query.where(Organisation.id.in_(organisations_of(actor.user_id or 0)))
    return query


def products_on_sale() -> Select[Product]:
    return select(Product).where(Product.is_active).order_by(Product.vendor, Product.name, Product.id)


# --- instances and steps ----------------------------------------------------------------------------------------


def visible_instances(actor: Actor) -> Select[Instance]:
    """Instances this actor may see; the session's scope narrows a customer's further."""
    return select(Instance).where(false()) if _is_blind(actor) else select(Instance)


def _is_blind(actor: Actor) -> bool:
    return actor.is_staff and not actor.may("view")


def named_instance(actor: Actor, reference: str) -> Select[Instance]:
    """The query for the one with this reference (TI-2041) or opaque id, if the actor may see it."""
    return visible_instances(actor).where(_named(reference))


def instance_to_read(actor: Actor, reference: str) -> Instance:
    """By reference (TI-2041) or opaque id; with its steps. Not there and not yours look the same."""
    session = read_as(actor)
    instance: Instance = _found(session.scalar(*_prepared(actor, reference)), N_("No such task"))
    if "steps" in inspect(instance).unloaded:
        _read_steps(session, instance)
    return instance


def parent_of(actor: Actor, instance: Instance) -> Instance | None:
    """The case that a task was made on, if this actor may see it."""
    if instance.parent_id is None:
        return None
    found: Instance | None = read_as(actor).scalar(visible_instances(actor).where(Instance.id == instance.parent_id))
    return found


def instance_to_change(work: Work, ref: str | int | ScalarSelect[int], otherwise: str = N_("No such task")) -> Instance:
    """The same, locked: whoever holds it is the only one who changes anything that hangs on it."""
    # The instance row is always the first lock of a work, so two works can wait for each other but never both.
    instance: Instance = _found(locked(work, *_prepared(work.actor, ref, locks=True)), otherwise)
    _read_steps(work.session, instance, populate_existing=True)
    return instance


def check_version(row: Instance | Step, version: int | None) -> None:
    """Stale when the row has moved on since the actor saw `version`; None: the actor did not say."""
    if version is not None and version != row.version:
        raise Stale(_("Somebody changed this since you opened it. Look at it as it is now, then decide"), row.version)


def step_of(instance: Instance, name: str, *, even_skipped: bool = False) -> Step:
    """A step that is there, also by its name before it moved (X13); Refused otherwise, and usually if it is hidden."""
    step = instance.step(name) or instance.step(name_now(instance.flow, name))
    if step is None or (step.state == "skipped" and not even_skipped):
        raise Refused(_("No such step"))
    return step


def _read_steps(session: Session, instance: Instance, **options: Any) -> None:
    """In a statement of their own, which is built once; what is driven by hand has none, so nothing is asked."""
    found: Iterable[Step] = ()
    if instance.state is None:
        found = session.scalars(_steps(), {"of": instance.id}, execution_options=options)
    set_committed_value(instance, "steps", [*found])


@cache
def _steps() -> Select[Step]:
    return select(Step).where(Step.instance_id == bindparam("of")).order_by(Step.position)


def _prepared(
    actor: Actor, ref: str | int | ScalarSelect[int], locks: bool = False
) -> tuple[Select[Instance], dict[str, str | int]]:
    """The query for one instance, and what it is asked with."""
    if isinstance(ref, ScalarSelect):
        query = visible_instances(actor).where(Instance.id == ref)
        return (query.with_for_update(of=Instance) if locks else query), {}
    row_id = instance_id_from(ref) if isinstance(ref, str) else ref
    if row_id is not None:
        return _one_instance("id", _is_blind(actor), locks), {"named": row_id}
    return _one_instance("uid", _is_blind(actor), locks), {"named": clean(str(ref))}


@cache
def _one_instance(column: str, is_blind: bool, locks: bool) -> Select[Instance]:
    """Built once, as nearly everything begins with it."""
    query = select(Instance).where(getattr(Instance, column) == bindparam("named"))
    query = query.where(false()) if is_blind else query
    return query.with_for_update(of=Instance) if locks else query


def _named(reference: str) -> Any:
    row_id = instance_id_from(reference)
    return Instance.id == row_id if row_id is not None else Instance.uid == clean(reference)


# --- orders -----------------------------------------------------------------------------------------------------


def visible_orders(actor: Actor) -> Select[Order]:
    if actor.kind == "staff" and not actor.may("view"):
        return select(Order).where(false())
    return select(Order)


def order_to_read(actor: Actor, number: str) -> Order:
    """By number (1042, #1042) or opaque id, with its lines."""
    query = visible_orders(actor).where(_numbered(number)).options(selectinload(Order.lines))
    return _found(read_as(actor).scalar(query), N_("No such order"))


def order_to_change(work: Work, number: str | int) -> Order:
    """The same, locked; an int is the row's id. A work that needs an instance too locks the instance first."""
    query = visible_orders(work.actor).where(_numbered(number))
    return _found(locked(work, query.with_for_update(of=Order)), N_("No such order"))


def line_to_confirm(order: Order, uid: str) -> OrderLine:
    return _found(next((line for line in order.lines if line.uid == uid), None), N_("No such line in this order"))


def _numbered(number: str | int) -> Any:
    if isinstance(number, int):
        return Order.id == number
    row_id = order_id_from(number)
    return Order.id == row_id if row_id is not None else Order.uid == clean(number)


# --- files ------------------------------------------------------------------------------------------------------


def upload_to_read(actor: Actor, uid: str) -> Upload:
    """Its sender's alone until something holds it; then whoever may read the instance, and the field (X19, X20)."""
    session = read_as(actor)
    upload = _found(session.scalar(select(Upload).where(Upload.uid == clean(uid))), N_("No such file"))
    if upload.instance_id is None:
        return _found(upload if upload.uploaded_by_id == actor.user_id else None, N_("No such file"))
    held_by = session.scalar(visible_instances(actor).where(Instance.id == upload.instance_id))
    if held_by is None or not (upload.visible_to == [] or is_among(actor, upload.visible_to, held_by.standing)):
        raise Refused(_("No such file"))
    if upload.is_sensitive:
        check_opening(actor, upload, held_by.step(upload.step))
    return upload


def upload_to_open(actor: Actor, uid: str) -> Upload:
    """The same, when its content may be given out: OutOfStep while it is checked, and when it was refused."""
    upload = upload_to_read(actor, uid)
    if upload.state == "checking":
        raise OutOfStep(still_checking(upload.name), "upload-not-ready")
    if upload.state == "refused":
        raise OutOfStep(upload.refusal, "upload-refused")
    return upload


def upload_to_change(work: Work, uid: str) -> Upload:
    """For its sender, locked."""
    query = select(Upload).where(Upload.uid == clean(uid), Upload.uploaded_by_id == work.actor.user_id)
    return _found(locked(work, query.with_for_update(of=Upload)), N_("No such file"))


def upload_to_judge(work: Work, uid: str) -> Upload | None:
    """For the worker, locked; None when it was discarded meanwhile."""
    require(work.actor, "health")
    found: Upload | None = locked(work, select(Upload).where(Upload.uid == uid).with_for_update(of=Upload))
    return found


def uploads_to_attach(work: Work, uids: Collection[str], instance: Instance | None, step: str) -> list[Upload]:
    """Those of these uploads that may become answers of this step: the actor's own that nothing holds, and those that
    it holds already. Locked; whoever else wants to attach one of them waits."""
    if not uids:
        return []
    allowed = and_(Upload.instance_id.is_(None), Upload.uploaded_by_id == work.actor.user_id)
    if instance is not None:
        work.session.flush()
        allowed = or_(allowed, and_(Upload.instance_id == instance.id, Upload.step == step))
    return _locked_uploads(work, Upload.uid.in_({clean(uid) for uid in uids}), allowed)


def uploads_held(work: Work, instance: Instance, step: str) -> list[Upload]:
    """Those that a draft of this step holds and that were never sent, locked."""
    return _locked_uploads(work, Upload.instance_id == instance.id, Upload.step == step, Upload.attached_at.is_(None))


def _locked_uploads(work: Work, *conditions: ColumnElement[bool]) -> list[Upload]:
    work.session.flush()
    query = select(Upload).where(*conditions).order_by(Upload.id).with_for_update(of=Upload)
    return list(work.session.scalars(query.execution_options(populate_existing=True)))


# --- payments ---------------------------------------------------------------------------------------------------


def visible_payments(actor: Actor) -> Select[Payment]:
    if actor.kind == "staff" and not actor.may("view"):
        return select(Payment).where(false())
    return select(Payment)


def payment_to_read(actor: Actor, uid: str) -> Payment:
    """By opaque id, with its instance."""
    query = visible_payments(actor).where(Payment.uid == clean(uid)).options(joinedload(Payment.instance))
    return _found(read_as(actor).scalar(query), N_("No such payment"))


def payment_to_change(work: Work, uid: str) -> tuple[Instance, Payment]:
    """The same, locked, with its instance, which is locked first."""
    return _payment_locked(work, Payment.uid == clean(uid))


def payment_told_of(
    work: Work, provider: str, uid: str, reference: str = "", charge: str = ""
) -> tuple[Instance, Payment]:
    """The payment that a provider speaks of, by our name for it, else by the provider's for the checkout or the money.

    A provider may know more than we do: it is told our name before we hear its own.
    """
    for column, name in ((Payment.uid, uid), (Payment.provider_reference, reference), (Payment.charge, charge)):
        if name:
            with suppress(Refused):
                return _payment_locked(work, and_(Payment.provider == provider, column == clean(name)))
    raise Refused(_("No such payment"))


def _payment_locked(work: Work, which: ColumnElement[bool]) -> tuple[Instance, Payment]:
    holding = visible_payments(work.actor).where(which).with_only_columns(Payment.instance_id).limit(1)
    instance = instance_to_change(work, holding.scalar_subquery(), N_("No such payment"))
    found = locked(work, select(Payment).where(which).with_for_update(of=Payment))
    return instance, _found(found, N_("No such payment"))


# --- what is owed -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """An effect and what it is about, all locked. `order` is its own, or the one that its instance belongs to."""

    effect: Effect
    instance: Instance | None
    order: Order | None

    @property
    def subject(self) -> Subject | None:
        """On whose timeline it stands; None for what is owed to a person alone, such as a sign-in code."""
        return self.instance or self.order


def effect_to_change(work: Work, effect_id: int) -> Held:
    """For the worker, and for staff who may see to incidents; locked as everywhere: instance, order, effect."""
    require(work.actor, "health")
    about = work.session.execute(select(Effect.instance_id, Effect.order_id).where(Effect.id == effect_id))
    instance_id, order_id = _found(about.one_or_none(), N_("No such effect"))
    instance = None if instance_id is None else instance_to_change(work, instance_id)
    named = instance.order_uid if instance is not None else order_id
    order = None if named is None else order_to_change(work, named)
    effect = locked(work, select(Effect).where(Effect.id == effect_id).with_for_update(of=Effect))
    return Held(_found(effect, N_("No such effect")), instance, order)


def subject_to_change(work: Work, instance_id: int | None, order_id: int | None) -> Subject | None:
    """The instance or the order that something is about, locked; None when it is about neither."""
    if instance_id is not None:
        return instance_to_change(work, instance_id)
    return None if order_id is None else order_to_change(work, order_id)


def locked(work: Work, query: Select[Any], given: Mapping[str, Any] | None = None) -> Any:
    """The row of a locking query, read anew: what this work saw before it had the lock may no longer be true."""
    work.session.flush()
    return work.session.scalar(query, given, execution_options={"populate_existing": True})


# --- saved views and replies ------------------------------------------------------------------------------------


def visible_saved(actor: Actor, kind: type[Kept]) -> Select[Kept]:
    """One's own and those that colleagues share; nobody's for whoever is not staff (X9, X29)."""
    if not actor.is_staff:
        return select(kind).where(false())
    return select(kind).where(or_(kind.user_id == actor.user_id, kind.is_shared))


def saved_to_read(actor: Actor, kind: type[Kept], uid: str) -> Kept:
    return _found(read_as(actor).scalar(visible_saved(actor, kind).where(kind.uid == clean(uid))), N_("No such thing"))


def saved_to_change(work: Work, kind: type[Kept], uid: str) -> Kept:
    query = visible_saved(work.actor, kind).where(kind.uid == clean(uid)).with_for_update(of=kind)
    return cast(Kept, _found(locked(work, query), N_("No such thing")))


# --- people, permissions, texts ---------------------------------------------------------------------------------


def require(actor: Actor, permission: str) -> None:
    """Refused (403) unless a role of the actor grants it."""
    if not actor.may(permission):
        raise Refused(_('Your role does not grant "%(permission)s"', permission=permission), known=True)


def colleague_named(work: Work, uid: str, pointer: str) -> User:
    """A member of staff who can sign in, by opaque id; Invalid at `pointer` for anybody else."""
    user = work.session.scalar(select(User).where(User.uid == clean(uid), User.kind == "staff", User.is_active))
    if user is None:
        raise Invalid(_("Choose a colleague who can sign in"), pointer, "choice")
    return user


def clean(text: str) -> str:
    """A search or id text that every database takes: no NUL, no lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _found(row: T | None, otherwise: str) -> T:
    if row is None:
        raise Refused(_(otherwise))
    return row
