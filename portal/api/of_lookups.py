"""What there is to choose from where a field does not hold its options itself."""

from __future__ import annotations

from flows import access
from flows.actions import versions
from flows.plugin import Option
from flows.queries import lookups
from flows.rules.answers import Unavailable
from flows.words import gettext as _
from portal.api import asked
from portal.api.door import Answer, Call, operation
from portal.api.problems import Declined
from portal.api.shapes.lookups import Fact, Found, LookupOption

RETRY_SECONDS = "60"


@operation("GET", "/lookups/<name>", who="signed_in", gives=Found, refusals=("not-found",))
def look_up(call: Call, name: str, query: asked.LookedUp) -> Answer:
    """Options of a field with `lookup`, at most 20 that fit `q`; `more` says that there are others.

    `instance_id` is the task whose open step asks; `within` narrows people to the department chosen beside.
    """
    instance = access.instance_to_read(call.actor, query.instance_id)
    definition = versions.definition_of(call.session, instance)
    within = query.within or None
    try:
        found = lookups.options(call.actor, instance, definition, name, query.q, call.now, within)
    except Unavailable:
        raise Declined(
            "unavailable", _("This cannot be chosen right now; try again in a minute"), {"Retry-After": RETRY_SECONDS}
        ) from None
    return Answer(Found(data=[_option(one) for one in found.options], more=found.more))


def _option(one: Option) -> LookupOption:
    facts = [Fact(label=label, value=value) for label, value in one.facts]
    return LookupOption(value=one.value, label=one.label, detail=one.detail, facts=facts)
