"""Relative links lead to files, and their anchors to headings; the index names every page."""

import posixpath
import re

from documents.repository import line_of, prose, without_blocks

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^(#{1,6})[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
OUTSIDE = ("http://", "https://", "mailto:")
INDEX = "docs/README.md"


def anchors(text):
    """The anchors that GitHub and its like make of the headings."""
    found, seen = set(), {}
    for _, heading in HEADING.findall(without_blocks(text)):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found


def links(text):
    return [(found.start(), found[1]) for found in LINK.finditer(prose(text))]


def check(repository):
    wrong = []
    folders = {posixpath.dirname(path) for path in repository.paths}
    folders |= {folder.rsplit("/", n)[0] for folder in folders for n in range(1, folder.count("/") + 1)}
    for path, text in repository.documents.items():
        for offset, link in links(text):
            if link.startswith(OUTSIDE):
                continue
            place = f"{path}:{line_of(text, offset)}"
            target, _, anchor = link.partition("#")
            file = posixpath.normpath(posixpath.join(posixpath.dirname(path), target)) if target else path
            if file not in repository.paths and file.rstrip("/") not in folders:
                wrong.append(f"{place}: the link {link} leads to {file}, which is not there")
            elif anchor and file in repository.documents and anchor not in anchors(repository.documents[file]):
                wrong.append(f"{place}: the link {link} leads to no heading of {file}")
    return wrong + check_index(repository)


def check_index(repository):
    if INDEX not in repository.documents:
        return [f"{INDEX} is not there"]
    named = {posixpath.normpath(posixpath.join("docs", link.partition("#")[0]))
             for _, link in links(repository.documents[INDEX])}
    return [f"{INDEX}: {path} is not in the index" for path in repository.documents
            if path.startswith("docs/") and path != INDEX and path not in named]
