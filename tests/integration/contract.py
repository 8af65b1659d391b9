"""Every answer a test gets is held against the API's document: what it says is what programs build on."""

import copy
import functools
import json
import pathlib
import re

import jsonschema

DOCUMENT = json.loads((pathlib.Path(__file__).resolve().parents[2] / "docs/openapi.json").read_text())


def _closed(schema):
    """Objects whose members are told may have no others: a member nobody told of is a mistake, too."""
    if isinstance(schema, dict):
        for value in schema.values():
            _closed(value)
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    elif isinstance(schema, list):
        for value in schema:
            _closed(value)
    return schema


COMPONENTS = _closed(copy.deepcopy(DOCUMENT["components"]))
PATHS = sorted(((re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), operations)
                for path, operations in DOCUMENT["paths"].items()), key=lambda one: one[0].pattern.count("[^/]+"))


@functools.cache
def _validator(pattern, method, status):
    operations = next(operations for regex, operations in PATHS if regex.pattern == pattern)
    told = operations[method]["responses"].get(str(status), {}).get("content", {}).get("application/json")
    if told is None:
        return None
    return jsonschema.Draft202012Validator({**_closed(copy.deepcopy(told["schema"])), "components": COMPONENTS})


def check(method, path, answer):
    """Fails when a success is JSON, and other JSON than the document tells."""
    if not 200 <= answer.status < 300 or answer.headers.get("content-type") != "application/json":
        return
    path = path.split("?")[0]
    for regex, operations in PATHS:
        if regex.match(path) and method.lower() in operations:
            validator = _validator(regex.pattern, method.lower(), answer.status)
            if path == "/openapi.json":
                return
            assert validator is not None, f"{method} {path} answers {answer.status} with JSON, and the document tells of none"
            wrong = jsonschema.exceptions.best_match(validator.iter_errors(answer.json))
            assert wrong is None, f"{method} {path} answers other JSON than the document tells: {wrong.message} at {wrong.json_path}"
            return
