"""The documentation of the API as OpenAPI 3.1, written from the declarations that also validate."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from typing import Any, Literal

from flask import current_app
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from portal.api.door import BASE, OPERATIONS, Operation
from portal.api.problems import MIMETYPE, SLUGS
from portal.api.shapes import ProblemDocument

ABOUT = (
    "Orders and tasks for the mobile app. It only grows within /api/v1: ignore what you do not know. Sentences are in "
    "the language of Accept-Language, else of the profile, and Content-Language says which; codes are the same in each."
)
REFERENCE = "#/components/schemas/{model}"
ALWAYS = ("app-too-old", "malformed", "rate-limited", "internal", "unavailable")
_VARIABLE = re.compile(r"<(\w+)>")


def document() -> dict[str, Any]:
    """The whole document; only the address of the server depends on the settings."""
    return {**_document(), "servers": [{"url": current_app.config["BATON"].origin + BASE}]}


@cache
def _document() -> dict[str, Any]:
    names, schemas = _schemas()
    paths: dict[str, Any] = {}
    for op in OPERATIONS:
        paths.setdefault(template(op), {})[op.method.lower()] = _operation(op, names)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Baton", "version": "1", "description": ABOUT},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def template(op: Operation) -> str:
    """`/orders/<order_id>` as `/orders/{order_id}`."""
    return _VARIABLE.sub(r"{\1}", op.path)


def refusals_of(op: Operation) -> list[str]:
    """Every slug that this endpoint may answer with."""
    found = {*op.refusals, *ALWAYS}
    if op.who != "public":
        found |= {"unauthenticated", "token-expired"}
    if op.who in ("customer", "staff"):
        found.add("forbidden")
    if op.body is not None:
        found |= {"upload-too-large", "upload-type", "validation"}
    if op.query is not None:
        found.add("validation")
    if op.key:
        found |= {"idempotency-mismatch", "idempotency-in-progress", "validation"}
    if op.key == "required":
        found.add("idempotency-key-missing")
    if op.if_match == "required":
        found.add("precondition-required")
    return sorted(found)


def _schemas() -> tuple[dict[Any, str], dict[str, Any]]:
    """Reference by (model, mode), and all schemas by name."""
    wanted: dict[tuple[type[BaseModel], Literal["validation", "serialization"]], None] = {
        (ProblemDocument, "serialization"): None
    }
    for op in OPERATIONS:
        if op.gives is not None:
            wanted[op.gives, "serialization"] = None
        if op.body is not None:
            wanted[op.body, "validation"] = None
    keys, made = models_json_schema(list(wanted), ref_template=REFERENCE)
    return {key: schema["$ref"] for key, schema in keys.items()}, made["$defs"]


def _operation(op: Operation, names: dict[Any, str]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": op.name,
        "summary": op.summary,
        "tags": [op.path.split("/")[1]],
        "parameters": [*_path_parameters(op), *_query_parameters(op), *_headers(op)],
        "responses": {str(op.status): _given(op, names), **_refused(refusals_of(op), names)},
    }
    if op.method == "GET":
        described["responses"]["304"] = {"description": "You have it already: If-None-Match names its ETag"}
    if op.goodbye is not None:
        described["deprecated"] = True
        described["description"] = f"Gone after {op.goodbye.until:%-d %B %Y}. {op.goodbye.instead}"
    if op.who == "public":
        described["security"] = []
    if op.body is not None:
        described["requestBody"] = {"required": True, "content": _taken(op, op.body, names)}
    return described


def _taken(op: Operation, body: type[BaseModel], names: dict[Any, str]) -> dict[str, Any]:
    texts = {"$ref": names[body, "validation"]}
    if not op.takes_file:
        return {"application/json": {"schema": texts}}
    properties = {
        **body.model_json_schema()["properties"],
        "file": {"type": "string", "contentMediaType": "application/octet-stream", "description": "One file"},
    }
    return {"multipart/form-data": {"schema": {"type": "object", "properties": properties, "required": ["file"]}}}


def _given(op: Operation, names: dict[Any, str]) -> dict[str, Any]:
    if op.gives_bytes:
        return {"description": op.summary, "content": {"application/octet-stream": {}}}
    if op.gives is None:
        return {"description": HTTPStatus(op.status).phrase}
    return {
        "description": op.summary,
        "content": {"application/json": {"schema": {"$ref": names[op.gives, "serialization"]}}},
    }


def _refused(slugs: Iterable[str], names: dict[Any, str]) -> dict[str, Any]:
    by_status: dict[int, list[str]] = {}
    for slug in slugs:
        by_status.setdefault(SLUGS[slug].status, []).append(slug)
    schema = {"$ref": names[ProblemDocument, "serialization"]}
    return {
        str(status): {"description": ", ".join(found), "content": {MIMETYPE: {"schema": schema}}}
        for status, found in sorted(by_status.items())
    }


def _path_parameters(op: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _VARIABLE.findall(op.path)
    ]


def _query_parameters(op: Operation) -> list[dict[str, Any]]:
    if op.query is None:
        return []
    properties = op.query.model_json_schema()["properties"]
    return [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in properties.items()]


def _headers(op: Operation) -> list[dict[str, Any]]:
    wanted = (("Idempotency-Key", op.key), ("If-Match", op.if_match))
    return [
        {"name": name, "in": "header", "required": how == "required", "schema": {"type": "string"}}
        for name, how in wanted
        if how
    ]


def in_words(schema: dict[str, Any]) -> str:
    """A schema on one line, for people: `text or null`, `list of Step`."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(in_words(one) for one in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {in_words(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("const") or schema.get("type") or "anything")
