"""The shared tables, one noun family a file."""

from flows.models.agreements import Agreement, LinkHolder
from flows.models.base import Base, Owned
from flows.models.cases import Comment, DepartmentStay, Participant
from flows.models.catalogue import FlowSwitch, FlowVersion
from flows.models.conversations import Message, ReadCursor, SavedReply
from flows.models.departments import Delegation, Department, DepartmentMember
from flows.models.effects import Effect, Replay
from flows.models.events import AuditEntry, TimelineEvent
from flows.models.files import Upload
from flows.models.instances import Instance
from flows.models.migrations import FlowMigration
from flows.models.notices import Device, Mute, Notice
from flows.models.orders import BasketLine, Order, OrderLine, Product
from flows.models.organisations import Invitation, Membership, Organisation
from flows.models.payments import Payment
from flows.models.people import Role, SignIn, SignInCode, Tally, User
from flows.models.search import SearchWord
from flows.models.steps import Review, Step, Submission
from flows.models.timers import Timer
from flows.models.views import SavedView

__all__ = [
    "Agreement",
    "AuditEntry",
    "Base",
    "BasketLine",
    "Comment",
    "Delegation",
    "Department",
    "DepartmentMember",
    "DepartmentStay",
    "Device",
    "Effect",
    "FlowMigration",
    "FlowSwitch",
    "FlowVersion",
    "Instance",
    "Invitation",
    "LinkHolder",
    "Membership",
    "Message",
    "Mute",
    "Notice",
    "Order",
    "OrderLine",
    "Organisation",
    "Owned",
    "Participant",
    "Payment",
    "Product",
    "ReadCursor",
    "Replay",
    "Review",
    "Role",
    "SavedReply",
    "SavedView",
    "SearchWord",
    "SignIn",
    "SignInCode",
    "Step",
    "Submission",
    "Tally",
    "TimelineEvent",
    "Timer",
    "Upload",
    "User",
]
