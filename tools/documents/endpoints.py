"""Endpoints that pages name are in docs/openapi.json, docs/api.md or a page it links to has all of them, and the
bodies of curl examples fit."""

import json
import posixpath
import re

from documents.links import links
from documents.repository import blocks, line_of, spans

PAGE = "docs/api.md"
METHODS = "GET|POST|PUT|PATCH|DELETE|HEAD"
NAMED = re.compile(rf"^({METHODS}) (…?/\S*|[a-z][\w/{{}}-]*)$")
BARE = re.compile(r"^(?:…|/api/|/auth/)[\w/{}-]+$")
CURL = re.compile(r"""\bcurl\b(?:\\\n|'[^']*'|"(?:[^"\\]|\\.)*"|[^\n|])*""", re.DOTALL)
BODY = re.compile(r"""\s(?:-d|--data)\s+(?:'([^']*)'|"((?:[^"\\]|\\.)*)")""", re.DOTALL)
ADDRESS = re.compile(r"(?:\$COCKPIT|\$\{COCKPIT\}|https?://[\w.:\[\]-]+)(/[^\s\"'|);]*)")


def segments(path):
    return [part for part in path.split("?")[0].strip("/").split("/") if part]


def fits(written, path):
    """Whether a path as a person wrote it can be one of the description's; `…` at its start stands for any beginning."""
    want, have = segments(written), segments(path)
    if want and want[0] == "…":
        want = want[1:]
        have = have[len(have) - len(want):] if len(want) <= len(have) else []
    return len(want) == len(have) and bool(have) and all(
        a == b or b.startswith("{") and (a.startswith(("{", "$", "<")) or "/" not in a) or a == "…"
        for a, b in zip(want, have))


def operations(openapi):
    return {(method.upper(), path) for path, item in openapi.get("paths", {}).items() for method in item
            if method.upper() in METHODS.split("|")}


def described(openapi, method, written):
    """The operations that a mention can mean; with a method of None all methods."""
    return {(m, p) for m, p in operations(openapi)
            if (method in (None, m) or (method, m) == ("HEAD", "GET")) and fits(written, p)}


def mentions(text):
    """(offset, method or None, path as written) of every endpoint in the text's code."""
    found, last = [], None
    for offset, span in spans(text):
        named = NAMED.match(span)
        if named:
            path = named[2] if named[2].startswith(("/", "…")) else f"…/{named[2]}"
            last = (offset, named[1], path)
            found.append(last)
        elif last and re.match(r"^/[a-z-]+$", span) and "\n" not in text[last[0]:offset]:
            found.append((offset, last[1], last[2].rpartition("/")[0] + span))  # `POST …/pause`, `/resume`
        elif BARE.match(span):
            found.append((offset, None, span))
    for offset, _, block in blocks(text):
        for curl in CURL.finditer(block):
            address = ADDRESS.search(curl[0])
            if address and not re.search(r"\$\(|…", address[1]):
                found.append((offset, method_of(curl[0]), address[1]))
    return found


def method_of(curl):
    said = re.search(rf"-X ?({METHODS})", curl)
    return said[1] if said else "GET" if re.search(r"\s-G\b", curl) or not re.search(r"\s(-d|--data\S*)\s", curl) else "POST"


def check(repository):
    wrong, told = [], set()
    pages = {PAGE} | {posixpath.normpath(posixpath.join("docs", link.partition("#")[0]))
                      for _, link in links(repository.documents.get(PAGE, ""))}
    for path, text in repository.documents.items():
        for offset, method, written in mentions(text):
            meant = described(repository.openapi, method, written)
            if not meant and not PAGE_ONLY.match(written):
                wrong.append(f"{path}:{line_of(text, offset)}: no endpoint is {method or ''} {written}".replace("  ", " "))
            if path in pages:
                told |= meant
        wrong += check_bodies(repository, path, text)
    wrong += [f"{PAGE}: neither it nor a page it links to tells of {method} {path}"
              for method, path in sorted(operations(repository.openapi) - told)]
    return wrong


# Paths that the server has beside its API: the page in the browser.
PAGE_ONLY = re.compile(r"^(/|/docs|/assets/.*)$")


def check_bodies(repository, path, text):
    """The body of a curl example is JSON, and has the members that the endpoint takes and needs."""
    wrong = []
    for offset, _, block in blocks(text):
        for curl in CURL.finditer(block):
            address, body = ADDRESS.search(curl[0]), BODY.search(curl[0])
            if not address or not body or "…" in address[1]:
                continue
            place = f"{path}:{line_of(text, offset)}"
            written = body[1] or re.sub(r"\$\([^)]*\)|\$\w+", "x", body[2]).replace('\\"', '"')
            try:
                sent = json.loads(written.replace("…", "x"))
            except ValueError as error:
                wrong.append(f"{place}: the body of the example for {address[1]} is no JSON: {error}")
                continue
            for method, known in described(repository.openapi, method_of(curl[0]), address[1]):
                wrong += [f"{place}: the example for {address[1]} {sentence}"
                          for sentence in misfits(repository.openapi["paths"][known][method.lower()], sent)]
    return wrong


def misfits(operation, sent):
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    takes = schema.get("properties")
    if takes is None or not isinstance(sent, dict):
        return []
    return [f"sends '{name}', which the endpoint does not take" for name in sent if name not in takes] + [
        f"lacks '{name}', which the endpoint needs" for name in schema.get("required", []) if name not in sent]
