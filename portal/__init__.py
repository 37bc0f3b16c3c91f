"""The portal: pages for customers, the doors of sign-in, the JSON API, and what every request goes through."""

from __future__ import annotations

from flask import Blueprint, Flask

from portal import api, app_links, errors, frame, health, pages, statics, web, wording


def register(app: Flask) -> None:
    """Give the application its pages, and what stands around every request."""
    app.register_blueprint(Blueprint("portal", __name__, template_folder="templates"))
    web.register(app)
    errors.register(app)
    frame.register(app)
    wording.register(app)
    app.register_blueprint(app_links.pages)
    for part in (statics, health, pages, api):
        part.register(app)
