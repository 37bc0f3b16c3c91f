"""Makes the page of a scene: plays until then, asks the product for the page, and takes out of it what would act."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from random import Random

from flows.authoring.play.beginning import Opening, begin
from flows.authoring.play.cast import Stranger
from flows.authoring.play.diary import status_of
from flows.authoring.play.reaching import go, who_may_act
from flows.authoring.play.sandbox import Sandbox
from flows.authoring.play.scenes import Scene
from flows.catalogue.registry import Registry
from flows.rules.errors import BatonError
from worker.preview.pressing import ADDS, forms_of
from worker.preview.product import Product

TRIES = 12
"""So many times with other answers, because what is answered may decide whether a step comes at all."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""With which a take is served: it looks and moves as the page does, but reaches nobody and sends nothing.

Its frame has no sandbox besides: with scripts and the origin, which modules and fonts need, it would hold nothing.
"""
_ACTS = re.compile(r' data-(?:live|draft|refresh|on|seen|dialog|user|talk)(?:="[^"]*")?(?=[ >])')
_FOCUS = ' tabindex="-1" autofocus'
"""On an entry that was just opened; a frame would scroll to it."""
_LINK = re.compile(r'(<a\b[^>]*?\bhref=")/[^"]*(")')


@dataclass(frozen=True)
class Take:
    """A page that does nothing; without `html`, `note` says why there is none."""

    html: str
    note: str = ""


def take(product: Product, registry: Registry, flow: str, scene: Scene, stranger: Stranger, at: datetime) -> Take:
    """The page of this scene for this customer; the answers that led to the page before it are tried first."""
    note, led = "", product.led.get((flow, scene.group), 0)
    for seed in sorted(range(TRIES), key=lambda one: one != led):
        with product.stage(registry, flow, at, stranger) as stage:
            try:
                if (why_not := _get_there(stage, scene, Random(seed))) == "":  # noqa: S311  # answers, no secrets
                    product.led[flow, scene.group] = seed
                    return _page(product, stage, scene)
                note = note or why_not
            except BatonError as refusal:
                note = note or f"A play came this far and was refused: {refusal}"
    return Take("", note)


def inert(html: str) -> str:
    """The page without what would ask the server for anything, and with links that lead nowhere."""
    return _LINK.sub(r"\1#\2", _ACTS.sub("", html)).replace(_FOCUS, "")


def _get_there(stage: Sandbox, scene: Scene, dice: Random) -> str:
    """Empty once the stage is as the scene wants it; else why it is not."""
    if not scene.begun:
        stage.call_in()
        return ""
    begin(stage, Opening(), dice)
    if not stage.instances:
        return "It does not begin with made-up answers"
    reached = go(stage, scene.way, dice)
    return "" if reached else "No play with made-up answers came here. Look at its conditions, or simulate it"


def _page(product: Product, stage: Sandbox, scene: Scene) -> Take:
    known = {"flow": stage.definition.flow, **_addresses(stage)}
    who = "customer" if scene.door == "customer" else "manager"
    if scene.action:
        who = who_may_act(stage, scene.action) or who
        known["door"] = known["staff"] if stage.cast.actors[who].is_staff else f"/cases/{known['ref']}"
    path = scene.path.format(**known)
    if not scene.sends:
        return Take(inert(_with_entries(product, stage, who, path)))
    answer = product.visit(stage, who, path, {"do": "create"})
    if answer.status_code == 303:
        return Take("", "It is taken without an answer: nothing in it is required")
    return Take(inert(answer.get_data(as_text=True)))


def _with_entries(product: Product, stage: Sandbox, who: str, path: str) -> str:
    """The page with one entry open in every list that has none: its button sends, and here nothing can be sent."""
    html = product.visit(stage, who, path).get_data(as_text=True)
    for place, form in enumerate(forms_of(html)):
        for button in form.adds:
            if any(name.startswith(f"{button.removeprefix(ADDS)}-0-") for name, _ in form.sent):
                continue
            now = forms_of(html)[place]
            answer = product.visit(stage, who, now.action or path, now.pressed(button))
            html = answer.get_data(as_text=True) if answer.status_code == 200 else html
    return html


def _addresses(stage: Sandbox) -> dict[str, str]:
    if not stage.instances:
        return {}
    instance = status_of(stage.instances[0])
    return {"ref": instance.reference, "staff": instance.staff_page}
