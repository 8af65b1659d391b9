"""What the checks look at, as plain values, so that a test can make one up."""

import dataclasses
import json
import re
import subprocess

# A fenced block with the word after the fence, or one that is indented by four columns after an empty line.
FENCE = re.compile(r"^(`{3,})(\w*)[^\n]*\n(.*?)^\1[ \t]*$", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"(?:\A|(?<=\n\n))(?: {4}[^\n]*\n(?:[ \t]*\n(?= {4}))?)+")
SPAN = re.compile(r"(`+)(.+?)\1", re.DOTALL)


@dataclasses.dataclass
class Repository:
    documents: dict  # path of each Markdown file, from the root: its text
    sources: dict = dataclasses.field(default_factory=dict)  # path of each C++ file below src/, "src/…": its text
    paths: set = dataclasses.field(default_factory=set)  # every file that is or may be committed
    openapi: dict = dataclasses.field(default_factory=dict)


def read(root):
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=root,
                            stdout=subprocess.PIPE, check=True, text=True).stdout.split("\0")
    paths = {path for path in listed if path and (root / path).is_file()}
    return Repository(
        documents={path: (root / path).read_text() for path in sorted(paths) if path.endswith(".md")},
        sources={path: (root / path).read_text() for path in sorted(paths) if re.fullmatch(r"src/.*\.[ch]pp", path)},
        paths=paths,
        openapi=json.loads((root / "docs/openapi.json").read_text()))


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def blanked(pattern, text):
    """The text with every match made of spaces, so that offsets and lines stay."""
    return pattern.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def without_blocks(text):
    return blanked(INDENTED, blanked(FENCE, text))


def prose(text):
    """The text without code of any kind."""
    return blanked(SPAN, without_blocks(text))


def blocks(text):
    """Every code block as (offset, word after the fence or "", its lines)."""
    found = [(block.start(3), block[2], block[3]) for block in FENCE.finditer(text)]
    rest = blanked(FENCE, text)
    found += [(block.start(), "", re.sub(r"^ {4}", "", block[0], flags=re.MULTILINE))
              for block in INDENTED.finditer(rest)]
    return sorted(found)


def spans(text):
    """Every `code` of the prose as (offset, what stands between the backticks, on one line)."""
    return [(span.start(), re.sub(r"\s*\n\s*", " ", span[2]).strip()) for span in SPAN.finditer(without_blocks(text))]


def tables(text):
    """Every table as (offset, cells of its header, rows); a row is (offset, cells). A | between backticks is none."""
    found, current, offset = [], None, 0
    for line in without_blocks(text).splitlines(keepends=True):
        if line.startswith("|"):
            masked = SPAN.sub(lambda span: span[0].replace("|", "\0"), line.strip().strip("|"))
            cells = [cell.strip().replace("\0", "|") for cell in masked.split("|")]
            if current is None:
                current = (offset, cells, [])
                found.append(current)
            elif not all(re.fullmatch(r":?-+:?", cell) for cell in cells):
                current[2].append((offset, cells))
        else:
            current = None
        offset += len(line)
    return found
