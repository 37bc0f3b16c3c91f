"""What the API takes: bodies and queries, every field known, no type guessed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from flows.actions.ordering import Item
from flows.models.instances import SOURCES
from flows.queries import customer_status
from flows.queries.pages import MOST_A_PAGE

Words = Annotated[str, StringConstraints(max_length=400)]
Long = Annotated[str, StringConstraints(max_length=5000)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Email = Annotated[str, StringConstraints(min_length=3, max_length=254)]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Device = Annotated[str, StringConstraints(min_length=1, max_length=80)]
MOST_SYNCED = 200
Limit = Annotated[int, AfterValidator(lambda wanted: max(1, min(wanted, MOST_A_PAGE)))]


def _moment(value: Any) -> Any:
    """RFC 3339 text as a moment; a year that no phone lives in is a mistake, and no calendar can count with it."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("use a moment like 2026-11-21T09:58:00Z") from None
    if isinstance(moment, datetime) and not 2000 <= moment.year <= 2100:
        raise ValueError("use a year from 2000 to 2100")
    return moment


def _day(value: Any) -> Any:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError("use a day like 2026-11-21") from None


FromText = BeforeValidator(_moment)
Day = Annotated[date, BeforeValidator(_day)]


class Body(BaseModel):
    """A body; "5" is no number and 1 is no yes."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Query(BaseModel):
    """A query string, where everything is text."""

    model_config = ConfigDict(extra="forbid")


class Paged(Query):
    cursor: Annotated[str, StringConstraints(max_length=600)] | None = None
    limit: Limit = 25


class Counted(Paged):
    """`count=true` also says how many there are in `total`: "37", or "1000+" for more than a thousand."""

    count: bool = False


class Searched(Query):
    q: Words = ""


class LookedUp(Searched):
    """`within` is the id of the department that people are narrowed to."""

    instance_id: Id
    within: Annotated[str, StringConstraints(max_length=64)] = ""


def _one_of(*words: str) -> str:
    """Any of these words, separated by commas."""
    return rf"^(({'|'.join(words)})(,|$))*$"


class InstanceList(Counted):
    """`status` takes values of `customer_status`, separated by commas, besides `pending` (all that run) and `overdue`.

    `agent` is the id of a colleague, `me` or `none`; `source` staff, customer, onboarding, event, separated by commas.

    `sort`: `newest`, or `due` for what ends first; without it those still to do come by their end, others by their age.
    """

    turn: Literal["", "todo", "with_us", "done"] = ""
    status: Annotated[
        str, StringConstraints(pattern=_one_of("pending", "overdue", *customer_status.WORDS), max_length=150)
    ] = ""
    kind: Words = ""
    flow: Annotated[str, StringConstraints(max_length=64)] = ""
    source: Annotated[str, StringConstraints(pattern=_one_of(*SOURCES), max_length=100)] = ""
    agent: Annotated[str, StringConstraints(max_length=64)] = ""
    customer_id: Annotated[str, StringConstraints(max_length=64)] = ""
    due_from: Annotated[AwareDatetime, FromText] | None = None
    due_before: Annotated[AwareDatetime, FromText] | None = None
    updated_since: Annotated[AwareDatetime, FromText] | None = None
    q: Words = ""
    sort: Literal["", "newest", "due"] = ""


class FlowList(Searched):
    """`requestable=true`: only what customers request, `false`: only what staff assign. `by_hand`: cases and tasks."""

    requestable: bool | None = None
    by_hand: bool = False


class NewInstance(Body):
    """Answers to the questions of the flow's start; a customer is the id of one of my organisations.

    `client_id` is the app's own name for it until it has ours; the answer says it back.
    """

    flow: Id
    answers: Annotated[dict[str, Any], Field(default_factory=dict)]
    customer_id: Id | None = None
    client_id: Id | None = None


class Including(Query):
    """`include`: steps, messages (the newest page), or both, separated by a comma."""

    include: Annotated[str, StringConstraints(pattern=_one_of("steps", "messages"), max_length=40)] = ""


class OrderList(Counted):
    """`state` takes several, separated by commas."""

    state: Annotated[
        str,
        StringConstraints(
            pattern=r"^((placed|awaiting_details|provisioning|completed|cancelled|failed)(,|$))*$", max_length=100
        ),
    ] = ""
    q: Words = ""


class NoticeList(Counted):
    unread: bool = False


class SyncWanted(Query):
    """`types` takes several, separated by commas: account, instance, case, task, order, draft, message, notification.

    `limit` counts what changed; a page may bring more, because an order is brought with its task.
    """

    cursor: Annotated[str, StringConstraints(max_length=3500)] | None = None
    limit: Annotated[int, AfterValidator(lambda wanted: max(1, min(wanted, MOST_SYNCED)))] = MOST_SYNCED
    types: Annotated[
        str,
        StringConstraints(
            pattern=_one_of("account", "instance", "case", "task", "order", "draft", "message", "notification"),
            max_length=100,
        ),
    ] = ""


class Validating(Query):
    validate_: Annotated[bool, Field(alias="validate")] = False


class CodeWanted(Body):
    email: Email


class Grant(Body):
    """`code` and `password` need `email`; `refresh_token` needs itself.

    `second_factor`: the six digits of the authenticator, with `code` or `password`, of staff who have one or must have.
    """

    grant_type: Literal["code", "password", "refresh_token"]
    installation_id: Device
    email: Email | None = None
    code: Secret | None = None
    password: Secret | None = None
    second_factor: Secret | None = None
    refresh_token: Secret | None = None


class NewPassword(Body):
    """`current` is needed, where there is a password, by whoever signed in more than 15 minutes ago."""

    password: Secret
    current: Secret | None = None


class Revoked(Body):
    refresh_token: Secret


class Profile(Body):
    name: Words | None = None
    language: Words | None = None
    time_zone: Words | None = None


class NewCustomer(Body):
    name: Words
    kind: Literal["company", "household"] = "company"
    address: Annotated[str, StringConstraints(max_length=1000)] = ""
    time_zone: Words = ""
    parent_id: Id | None = None


class Wanted(Body):
    product_id: Annotated[str, StringConstraints(max_length=64)]
    quantity: int

    def as_item(self) -> Item:
        return Item(self.product_id, self.quantity)


class Sum(Body):
    amount: int
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Basket(Body):
    items: list[Wanted]


class NewOrder(Basket):
    customer_id: Annotated[str, StringConstraints(max_length=64)]
    expected_total: Sum | None = None


class Reason(Body):
    reason: Words = ""


class DraftGiven(Body):
    """With `merge` the answers join those already kept; without it they take their place."""

    answers: dict[str, Any]
    merge: bool = False


class Sent(Body):
    """`on_behalf`: staff say that they have these answers from the customer."""

    answers: dict[str, Any]
    filled_at: Annotated[AwareDatetime, FromText] | None = None
    on_behalf: bool = False


class Rated(Body):
    score: int
    comment: Long = ""


class NewUpload(Body):
    """What may stand beside the file: its SHA-256 in hex, so that damage on the way is noticed.

    `purpose` says what it is for; a file is taken for whatever names it, so nothing hangs on it.
    """

    purpose: Literal["", "answer", "message", "comment"] = ""
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")] | None = None


class SeenNotices(Body):
    """These ids, or every one up to and with an id."""

    ids: Annotated[list[Id], Field(max_length=500)] | None = None
    up_to: Id | None = None


class Preferences(Body):
    """The kinds that are wanted by mail and by push; those not named are off, unless they always come."""

    mail: list[Id]
    push: list[Id]
    quiet_from: Annotated[str, StringConstraints(max_length=5)] = ""
    quiet_to: Annotated[str, StringConstraints(max_length=5)] = ""


class Mute(Body):
    """Muted for good, or `until` a moment."""

    muted: bool
    until: Annotated[AwareDatetime, FromText] | None = None


class Subscription(Body):
    """What `PushSubscription.toJSON()` of a browser gives."""

    endpoint: Annotated[str, StringConstraints(max_length=2000)]
    keys: dict[str, Annotated[str, StringConstraints(max_length=200)]]
    expirationTime: float | None = None  # the browser's own name


class NewDevice(Body):
    """`token` is that of FCM (provider `fcm`, also for iOS), or the subscription of a browser (`webpush`)."""

    platform: Literal["ios", "android", "web"]
    provider: Literal["fcm", "webpush"]
    token: Annotated[str, StringConstraints(max_length=2000)] | Subscription
    name: Words = ""
    app_version: Annotated[str, StringConstraints(max_length=40)] = ""
    locale: Annotated[str, StringConstraints(max_length=12)] = ""
    time_zone: Annotated[str, StringConstraints(max_length=64)] = ""
    permission: Literal["granted", "denied", "default"] = "granted"
