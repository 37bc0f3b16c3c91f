"""The page of a thing, for whoever is to open it: customers in the portal, staff in the back office."""

from __future__ import annotations

from flows import settings
from flows.models import Instance
from flows.rules.actors import Actor
from portal.api.shapes import Links


def page_for(actor: Actor, in_portal: str, of_staff: str) -> Links:
    return Links(web=settings.current().origin + (of_staff if actor.is_staff else in_portal))


def of_instance(actor: Actor, instance: Instance) -> Links:
    """A guided request, the task of an order, a case or a task of a department."""
    place = "tasks" if instance.state is None else "cases"
    return page_for(actor, f"/{place}/{instance.reference}", instance.staff_page)
