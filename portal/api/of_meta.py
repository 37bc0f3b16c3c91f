"""What the product is and how its API is written down: /meta and /openapi.json."""

from __future__ import annotations

from flask import current_app

from flows.clock import clock
from flows.queries.pages import MOST_A_PAGE
from flows.words import LANGUAGES
from portal.api import openapi, shapes
from portal.api.door import Answer, Call, operation
from portal.api.reading import DEEPEST, MOST_BYTES

FEATURES = ["orders", "drafts", "uploads", "messages", "notifications", "idempotency"]
CACHED = {"Cache-Control": "public, max-age=300"}


@operation("GET", "/meta", who="public", gives=shapes.Meta)
def get_meta(_call: Call) -> Answer:
    """Server time, versions, brand, features, languages and limits."""
    return Answer(
        shapes.Meta(
            server_time=clock.now(),
            api_version="1",
            min_app_version=current_app.config["BATON"].min_app_version,
            brand=current_app.config["BATON"].brand,
            features=FEATURES,
            languages=[shapes.Named(id=key, name=name) for key, name in LANGUAGES.items()],
            limits={
                "page": MOST_A_PAGE,
                "body_bytes": MOST_BYTES,
                "json_depth": DEEPEST,
                "upload_mb": current_app.config["BATON"].upload_mb,
            },
        ),
        headers=CACHED,
    )


@operation("GET", "/openapi.json", who="public", gives=shapes.OpenDocument)
def get_openapi(_call: Call) -> Answer:
    """This documentation, as OpenAPI 3.1."""
    return Answer(shapes.OpenDocument(**openapi.document()), headers=CACHED)
