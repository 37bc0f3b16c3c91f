"""Facts in the past tense. Verbs record them; the timeline keeps them; `messaging.notify` says who hears of them."""

from flows.events.base import Event
from flows.events.cases import Acted, ChildStarted, Commented, CommentedInternally, PriorityChanged
from flows.events.effects import EffectGaveUp, EffectRetried, EffectSkipped, MailSent, TimerFired, TimerMissed
from flows.events.instances import (
    Assigned,
    DueDateChanged,
    ExpiryExtended,
    InstanceCancelled,
    InstanceClosed,
    InstanceCompleted,
    InstanceExpired,
    InstanceOverdue,
    InstanceReopened,
    InstanceStarted,
    Linked,
    Rated,
    Unlinked,
)
from flows.events.orders import (
    LineProvisioned,
    OrderAwaitingDetails,
    OrderCancelled,
    OrderCompleted,
    OrderFailed,
    OrderFinalised,
    OrderPlaced,
    ProvisioningRequested,
)
from flows.events.payments import (
    AmountChanged,
    PaymentBegun,
    PaymentFailed,
    PaymentOnItsWay,
    PaymentReceived,
    PaymentRefunded,
    PaymentUnexpected,
)
from flows.events.steps import (
    FieldAdded,
    ReviewEscalated,
    SensitiveRead,
    StepAdded,
    StepApproved,
    StepCompleted,
    StepConfirmed,
    StepOpened,
    StepOverdue,
    StepReopened,
    StepReturned,
    StepSubmitted,
)

__all__ = [
    "Acted", "AmountChanged", "Assigned", "ChildStarted", "Commented", "CommentedInternally", "DueDateChanged",
    "EffectGaveUp", "EffectRetried", "EffectSkipped", "Event", "ExpiryExtended", "FieldAdded", "InstanceCancelled",
    "InstanceClosed", "InstanceCompleted", "InstanceExpired", "InstanceOverdue", "InstanceReopened",
    "InstanceStarted", "LineProvisioned", "Linked", "MailSent", "OrderAwaitingDetails", "OrderCancelled",
    "OrderCompleted", "OrderFailed", "OrderFinalised", "OrderPlaced", "PaymentBegun", "PaymentFailed",
    "PaymentOnItsWay", "PaymentReceived", "PaymentRefunded", "PaymentUnexpected", "PriorityChanged",
    "ProvisioningRequested", "Rated", "ReviewEscalated", "SensitiveRead", "StepAdded", "StepApproved",
    "StepCompleted", "StepConfirmed", "StepOpened", "StepOverdue", "StepReopened", "StepReturned", "StepSubmitted",
    "TimerFired", "TimerMissed", "Unlinked", "every_event",
]  # fmt: skip


def every_event() -> list[type[Event]]:
    """All kinds there are, for the laws."""
    return sorted(Event.__subclasses__(), key=lambda event: event.__name__)
