"""Web addresses are the app's links too: what Apple and Google ask us about it, from the settings (API.md 7.9)."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify

from flows.settings import Settings
from portal.may import may

pages = Blueprint("app_links", __name__, url_prefix="/.well-known")
OPENED = ("/", "/tasks/*", "/cases/*", "/orders/*", "/requests/*", "/notifications", "/sign-in/*", "/invite/*")
NOT_OPENED = ("/admin/*", "/api/*", "/static/*")


@pages.get("/apple-app-site-association")
@may("public")
def of_apple() -> Response:
    """Which addresses open in which app; 404 while no app is named."""
    settings: Settings = current_app.config["BATON"]
    apps = words_of(settings.ios_app) or abort(404)
    components = [{"/": path, "exclude": True} for path in NOT_OPENED] + [{"/": path} for path in OPENED]
    details = [{"appIDs": apps, "components": components}]
    return _given({"applinks": {"details": details}, "webcredentials": {"apps": apps}})


@pages.get("/assetlinks.json")
@may("public")
def of_android() -> Response:
    """Which apps may open our addresses, told by their certificates; 404 while none is named."""
    settings: Settings = current_app.config["BATON"]
    apps: dict[str, list[str]] = {}
    for package, _equals, certificate in (one.partition("=") for one in words_of(settings.android_app) or abort(404)):
        apps.setdefault(package, []).append(certificate)
    relation = ["delegate_permission/common.handle_all_urls", "delegate_permission/common.get_login_creds"]
    targets = [
        {"namespace": "android_app", "package_name": name, "sha256_cert_fingerprints": known}
        for name, known in apps.items()
    ]
    return _given([{"relation": relation, "target": target} for target in targets])


def words_of(text: str) -> list[str]:
    """What stands between the commas of a setting."""
    return [word.strip() for word in text.split(",") if word.strip()]


def _given(body: object) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response
