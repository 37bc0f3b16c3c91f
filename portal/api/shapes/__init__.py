"""What the API gives: one model a resource, from which the answers are made and the documentation is written."""

from portal.api.shapes.forms import Draft, DraftSaved, Effects, Field, FormPage, Option, Revealed, Review, Step
from portal.api.shapes.instances import (
    Amount,
    Changed,
    Decision,
    Instance,
    InstanceBrief,
    InstanceSummary,
    Linked,
    LinkedTo,
    Next,
    Outcome,
    Progress,
    QuestionAdded,
    Rating,
    Started,
    StepBrief,
    Submission,
    SubmissionBrief,
    Submitted,
)
from portal.api.shapes.notices import Device, Muted, NoticeKind, Notification, Preferences, Read
from portal.api.shapes.payments import Payment, PaymentBegun, StepPayment
from portal.api.shapes.people import Account, Me, Meta, OpenDocument, Session, Summary, Tokens
from portal.api.shapes.plain import (
    Answers,
    Asked,
    Child,
    CountedPage,
    FieldProblem,
    Links,
    Moment,
    Money,
    Named,
    Page,
    ProblemDocument,
    Shape,
    rfc3339,
)
from portal.api.shapes.shop import (
    Customer,
    Order,
    OrderItem,
    OrderNotice,
    OrderSummary,
    OrderTask,
    Priced,
    Product,
    Quote,
    QuoteItem,
    TimelineEntry,
)

__all__ = [
    "Account", "Amount", "Answers", "Asked", "Changed", "Child", "CountedPage", "Customer", "Decision", "Device",
    "Draft", "DraftSaved", "Effects", "Field", "FieldProblem", "FormPage", "Instance", "InstanceBrief",
    "InstanceSummary", "Linked", "LinkedTo", "Links", "Me", "Meta", "Moment", "Money", "Muted", "Named", "Next",
    "NoticeKind", "Notification", "OpenDocument", "Option", "Order", "OrderItem", "OrderNotice", "OrderSummary",
    "OrderTask", "Outcome", "Page", "Payment", "PaymentBegun", "Preferences", "Priced", "ProblemDocument", "Product",
    "Progress", "QuestionAdded", "Quote", "QuoteItem", "Rating", "Read", "Revealed", "Review", "Session", "Shape",
    "Started", "Step", "StepBrief", "StepPayment", "Submission", "SubmissionBrief", "Submitted", "Summary",
    "TimelineEntry", "Tokens", "rfc3339",
]  # fmt: skip
