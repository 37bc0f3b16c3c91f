"""One page of a flow for the back office: asked for on standard input, answered on standard output, both JSON.

A process of its own, because a play has the clock, the settings and the flows of its process to itself. It is given no
address of a database and no secret.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows import catalogue
from flows.authoring.play.cast import Stranger
from flows.authoring.play.scenes import scenes_of
from worker.preview import mails, takes
from worker.preview.mails import mails_of
from worker.preview.product import Product
from worker.preview.takes import take


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """`asked` has `flow`, `folders`, `stranger` (parts of Stranger) and `scene`, or "mails" for all of them.

    A page is `html` with the `policy` to serve it with, or the `note` why there is none; mails are a list.
    """
    registry = catalogue.load([Path(folder) for folder in asked["folders"]])
    loaded, stranger = registry.flows.get(asked["flow"]), Stranger(**asked["stranger"])
    if loaded is None:
        return {"note": "The file of this flow has changed since, and is broken now"}
    product, now = Product(), datetime.now(UTC)
    try:
        if asked["scene"] == "mails":
            posted = mails_of(product, registry, asked["flow"], stranger, now)
            return {"mails": [asdict(one) for one in posted], "policy": mails.POLICY}
        scene = next((one for one in scenes_of(loaded.definition) if one.key == asked["scene"]), None)
        if scene is None:
            return {"note": "The file of this flow has changed since, and has no such page now"}
        made = take(product, registry, asked["flow"], scene, stranger, now)
        return {**asdict(made), "policy": takes.POLICY}
    finally:
        product.close()


if __name__ == "__main__":
    print(json.dumps(answer(json.load(sys.stdin))))  # noqa: T201  # this is the answer
