"""The typed models of the flow language: the one source for reading YAML, editor schema, forms and API."""

from flows.catalogue.schema.definition import FlowDefinition, Link, Messaging, Outcome, Rating, Start
from flows.catalogue.schema.effects import (
    AssignEffect,
    CallEffect,
    Effect,
    EmailEffect,
    MessageEffect,
    NoticeEffect,
    NotifyEffect,
    StartEffect,
    WebhookEffect,
)
from flows.catalogue.schema.fields import FIELD_TYPES, FlowField, ListField
from flows.catalogue.schema.stages import Action, State
from flows.catalogue.schema.steps import Approval, OutcomeRule, Payment, Step
from flows.catalogue.schema.time import Deadline, Timer

__all__ = [
    "FIELD_TYPES",
    "Action",
    "Approval",
    "AssignEffect",
    "CallEffect",
    "Deadline",
    "Effect",
    "EmailEffect",
    "FlowDefinition",
    "FlowField",
    "Link",
    "ListField",
    "MessageEffect",
    "Messaging",
    "NoticeEffect",
    "NotifyEffect",
    "Outcome",
    "OutcomeRule",
    "Payment",
    "Rating",
    "Start",
    "StartEffect",
    "State",
    "Step",
    "Timer",
    "WebhookEffect",
]
