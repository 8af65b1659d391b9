#!/usr/bin/env python3
"""Checks that the Markdown files are true where a program can tell: links, settings, endpoints, quoted texts.

docs/testing.md says what is checked and how a page is written so that it can be.
"""

import pathlib
import sys

from documents import endpoints, links, repository, settings, texts

ROOT = pathlib.Path(__file__).resolve().parent.parent
CHECKS = (links, settings, endpoints, texts)


def check(what):
    """Sentences about what is wrong, each with its file and line."""
    return [sentence for one in CHECKS for sentence in one.check(what)]


def main():
    found = repository.read(ROOT)
    wrong = check(found)
    print("\n".join(wrong) if wrong else f"{len(found.documents)} documents fit the sources")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
