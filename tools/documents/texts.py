"""What docs/troubleshooting.md quotes is what the programs write; names of states, tables and migrations are theirs.

A quote is `code` with a space in it in the first column of a table. `…` in it stands for a value, and so do the
words of VALUES; everything between must be a part of one sentence of the sources.
"""

import re

from documents.repository import line_of, spans, tables

PAGE = "docs/troubleshooting.md"
STATES = ("docs/architecture.md", "src/protocol/command_state.cpp")
VALUES = re.compile(r"…|\bN\b|\bNAME\b|\bKEY\b|\bDIR\b|\bFILE:LINE:COLUMN\b|'[^']*…[^']*'")
# Between two pieces of a sentence: anything that is no text but ends no statement either.
TOKEN = re.compile(r'R"(\w*)\((.*?)\)\1"|"((?:[^"\\\n]|\\.)*)"|\'(?:[^\'\\]|\\.)\'|//[^\n]*|/\*.*?\*/|([;{}])|(\S)', re.DOTALL)
GAP = "\0"
# Texts of others that our programs pass on: git, ssh, libc, the kernel.
OUTSIDE = ("Address already in use", "Permission denied (publickey)", "Host key verification failed", "transport 'file' not allowed",
           "fatal: could not read Username", "No space left on device")


def sentences(source):
    """The texts of a source: literals that stand beside each other joined, a GAP where a value stands between."""
    found, current, gap = [], "", False
    for token in TOKEN.finditer(source):
        if token[2] is not None or token[3] is not None:
            piece = token[2] if token[2] is not None else re.sub(r"\\(.)", r"\1", token[3])
            current += (GAP if gap and current else "") + piece
            gap = False
        elif token[4]:
            found.append(current)
            current, gap = "", False
        elif token[5]:
            gap = True
    return [text for text in [*found, current] if text]


def pieces(quote):
    """The parts of a quote between its values, without those that are only punctuation."""
    parts = [part.strip(" '\"=:;,.()") for part in VALUES.split(quote)]
    return [part for part in parts if len(re.sub(r"\W", "", part)) >= 3]


def is_said(piece, known):
    """As a whole, or clause by clause: what follows a colon or a semicolon often comes from another function."""
    return piece in known or all(clause in known for clause in re.split(r"[:;] ", piece))


def quotes(text):
    """(offset, quote) of the first columns of the page's tables."""
    return [(offset, span) for _, _, rows in tables(text) for offset, cells in rows
            for _, span in spans(cells[0]) if " " in span and not NOT_TEXT.match(span)]


# Endpoints and shell commands may be quoted there too.
NOT_TEXT = re.compile(r"^\"|^(GET|POST|PUT|PATCH|DELETE|curl|cockpit-\w+|cockpitctl|redis-cli|journalctl|systemctl) ")


def check(repository):
    known = "\n".join(text for source in repository.sources.values() for text in sentences(source))
    text = repository.documents.get(PAGE, "")
    wrong = []
    for offset, quote in quotes(text):
        if any(outside in quote for outside in OUTSIDE):
            continue
        wrong += [f"{PAGE}:{line_of(text, offset)}: nothing in src/ says '{piece}' (of '{quote}')"
                  for piece in pieces(quote) if not is_said(piece, known)]
    return wrong + check_states(repository) + check_names(repository)


def check_states(repository):
    page, source = STATES
    text = repository.documents.get(page, "")
    listed = {name for _, header, rows in tables(text) if header[:1] == ["state"]
              for _, cells in rows for name in re.findall(r"`(\w+)`", cells[0])}
    known = set(re.findall(r'pair\{CommandState::\w+, std::string_view\("(\w+)"\)\}', repository.sources.get(source, "")))
    return [f"{page}: the table of states lacks '{name}'" for name in sorted(known - listed)] + [
        f"{page}: {source} knows no state '{name}'" for name in sorted(listed - known)]


def check_names(repository):
    """Names of tables and migrations."""
    sources = "\n".join(repository.sources.values())
    wrong = []
    for path, text in repository.documents.items():
        for offset, span in spans(text):
            if re.fullmatch(r"cockpit_[a-z_]+|\d{3}_[a-z_]+", span) and not re.search(rf"\b{span}\b", sources):
                wrong.append(f"{path}:{line_of(text, offset)}: src/ knows no '{span}'")
    return wrong
