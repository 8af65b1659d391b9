"""docs/settings.md and src/config/ say the same: names, defaults and ranges, in both directions."""

import re

from documents.repository import line_of, spans, tables

PAGE = "docs/settings.md"
# Which heading of the page tells of which source; those of value_rules.cpp are read by both programs.
SECTIONS = {
    "src/config/redis_settings.cpp": ("Redis (both programs)",),
    "src/config/agent_settings.cpp": ("cockpit-agent",),
    "src/config/server_settings.cpp": ("cockpit-server",),
    "src/config/notify_settings.cpp": ("Notifications",),
    "src/config/value_rules.cpp": ("cockpit-agent", "cockpit-server"),
}
NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
READ = re.compile(r'reader\.(text|optional_text|integer|boolean|list|choice)\(\s*"(' + NAME + r')"\s*(?:,|\))|'
                  r'(?:read_absolute_path|read_tls_file)\(reader, "(' + NAME + r')"|'
                  r'\bseconds\("(' + NAME + r')",')
CONSTANT = re.compile(r"constexpr (?:std::int64_t|int) (\w+) = ([^;]+);")


def arguments_after(text, offset):
    """What stands between the commas up to the closing bracket, from behind the first argument."""
    parts, depth, begin, at, quoted = [], 0, offset, offset, False
    while at < len(text):
        mark = text[at]
        if mark == '"' and text[at - 1] != "\\":
            quoted = not quoted
        elif not quoted and mark in "({":
            depth += 1
        elif not quoted and mark in ")}":
            if depth == 0:
                break
            depth -= 1
        elif not quoted and mark == "," and depth == 0:
            parts.append(text[begin:at])
            begin = at + 1
        at += 1
    return [part.strip() for part in [*parts, text[begin:at]] if part.strip()]


def number(expression, constants):
    """The value of an integer expression such as `24 * 3600` or `64 * mib`; None for anything else."""
    plain = re.sub(r"(?<=\d)'(?=\d)", "", expression)
    for _ in range(3):
        plain = re.sub(r"[A-Za-z_]\w*", lambda word: f"({constants[word[0]]})" if word[0] in constants else word[0],
                       re.sub(r"(?<=\d)'(?=\d)", "", plain))
    return int(eval(plain)) if re.fullmatch(r"[\d\s()*+<\-]+", plain) else None  # digits and operators only


def read_by(text):
    """Name: (kind, default, lowest, highest) of what a source reads; what the source does not say is None."""
    constants, found = dict(CONSTANT.findall(text)), {}
    for read in READ.finditer(text):
        kind, name = read[1] or ("integer" if read[4] else "path"), read[2] or read[3] or read[4]
        said = arguments_after(text, read.end()) if read[0].endswith(",") else []
        if kind == "integer":
            numbers = [number(part, constants) for part in said] + [None] * 3
            value = (kind, *numbers[:3])
        elif kind in ("boolean", "text", "choice") and said:
            literal = re.fullmatch(r'"([^"]*)"|(true|false)', said[0])
            value = (kind, (literal[1] or literal[2]) if literal else None, None, None)
        else:
            value = (kind, None, None, None)
        # A second reading, such as "is it set at all?", says less than the first.
        if name not in found or value[1:] != (None, None, None):
            found[name] = value
    return found


def described(text):
    """(heading, name): (offset, default, range) of every row of the tables with these columns."""
    found = {}
    for begin, header, rows in tables(text):
        if header[:1] != ["name"] or "default" not in header:
            continue
        headings = re.findall(r"^#{2,3} (.+)$", text[:begin], re.MULTILINE)
        for offset, cells in rows:
            cells += [""] * (len(header) - len(cells))
            for name in re.findall(f"`({NAME})`", cells[0]):
                found[headings[-1], name] = (offset, cells[header.index("default")], cells[header.index("range")])
    return found


def numbers_of(cell):
    return [2 ** int(power) if power else int(plain) for power, plain in re.findall(r"2\^(\d+)|(\d+)", cell)]


def check(repository):
    text = repository.documents.get(PAGE, "")
    page, known, wrong = described(text), {}, []
    for source, headings in SECTIONS.items():
        for name, value in read_by(repository.sources.get(source, "")).items():
            for heading in headings:
                known[heading, name] = value
                if (heading, name) not in page:
                    wrong.append(f"{PAGE}: {name}, which {source} reads, is not in the table of '{heading}'")
    for (heading, name), (offset, default, values) in page.items():
        place = f"{PAGE}:{line_of(text, offset)}"
        if (heading, name) not in known:
            wrong.append(f"{place}: nothing that '{heading}' tells of reads {name}")
            continue
        kind, fallback, low, high = known[heading, name]
        if kind == "integer" and fallback is not None and fallback >= 0 and numbers_of(default)[:1] != [fallback]:
            wrong.append(f"{place}: the default of {name} is {fallback}, and not '{default}'")
        if kind == "boolean" and fallback is not None and default.strip("`") != fallback:
            wrong.append(f"{place}: the default of {name} is {fallback}, and not '{default}'")
        if kind in ("text", "choice") and fallback and default and default.strip("`") != fallback:
            wrong.append(f"{place}: the default of {name} is {fallback}, and not '{default}'")
        if high is not None and numbers_of(values)[-1:] != [high]:
            wrong.append(f"{place}: {name} is at most {high}, and not '{values}'")
        if low is not None and re.fullmatch(r"\d+ to .*", values) and numbers_of(values)[0] != low:
            wrong.append(f"{place}: {name} is at least {low}, and not '{values}'")
    return wrong + unknown_names(repository)


def unknown_names(repository):
    """Names in other pages that look like settings, and that nothing here knows."""
    known = set(re.findall(f'"({NAME})[="]', "\n".join(repository.sources.values())))
    known |= {name for _, name in described(repository.documents.get(PAGE, ""))}
    known |= OUTSIDE
    wrong = []
    for path, text in repository.documents.items():
        for offset, span in spans(text):
            name = re.match(f"({NAME})(?:=|$)", span)
            if name and "_" in name[1] and name[1] not in known:
                wrong.append(f"{path}:{line_of(text, offset)}: {name[1]} looks like a setting, and nothing reads it")
    return wrong


# Names of others that the pages mention: of the C library, the kernel, git, and of our tests and tools.
OUTSIDE = {"REG_EXTENDED", "MADV_DONTNEED", "LD_PRELOAD", "FETCH_HEAD", "COCKPIT_SCREENSHOTS", "COCKPIT_FAULT_POINTS",
           "COCKPIT_BIN"}
