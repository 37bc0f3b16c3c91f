"""The shared tables, one noun family a file."""

from flows.models.base import Base, Owned
from flows.models.catalogue import FlowVersion
from flows.models.departments import Department, DepartmentMember
from flows.models.effects import Effect, Notice, Replay
from flows.models.events import AuditEntry, TimelineEvent
from flows.models.instances import Instance
from flows.models.orders import BasketLine, Order, OrderLine, Product
from flows.models.organisations import Invitation, Membership, Organisation
from flows.models.people import Role, SignIn, SignInCode, Tally, User
from flows.models.steps import Step, Submission
from flows.models.timers import Timer

__all__ = [
    "AuditEntry",
    "Base",
    "BasketLine",
    "Department",
    "DepartmentMember",
    "Effect",
    "FlowVersion",
    "Instance",
    "Invitation",
    "Membership",
    "Notice",
    "Order",
    "OrderLine",
    "Organisation",
    "Owned",
    "Product",
    "Replay",
    "Role",
    "SignIn",
    "SignInCode",
    "Step",
    "Submission",
    "Tally",
    "TimelineEvent",
    "Timer",
    "User",
]
