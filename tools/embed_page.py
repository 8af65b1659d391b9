#!/usr/bin/env python3
"""Turns the built page into an assembler file of its bytes and a table of them, for the server to hold."""

import gzip
import hashlib
import pathlib
import sys

TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
         ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".png": "image/png",
         ".txt": "text/plain; charset=utf-8"}


def write_if_other(path, text):
    """So that nothing is compiled again for the same page."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    else:
        path.touch()


def main():
    dist, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    packed = out / "page"
    packed.mkdir(exist_ok=True)
    files = sorted(path for path in dist.rglob("*") if path.is_file()) if (dist / "index.html").exists() else []
    assembler, declared, table = [".section .rodata\n"], [], []
    for number, path in enumerate(files):
        content = path.read_bytes()
        small = packed / f"{number}.gz"
        small.write_bytes(gzip.compress(content, 9, mtime=0))
        for name, source in ((f"page_{number}", path), (f"page_{number}_gz", small)):
            assembler.append(f'.global {name}\n.global {name}_end\n{name}:\n.incbin "{source}"\n{name}_end:\n')
            declared.append(f"extern const char {name}[];\nextern const char {name}_end[];\n")
        digest = hashlib.sha256(content).hexdigest()[:16]
        kind = TYPES.get(path.suffix, "application/octet-stream")
        table.append(f'    {{"/{path.relative_to(dist).as_posix()}", "{kind}", "{digest}", '
                     f"text(page_{number}, page_{number}_end), text(page_{number}_gz, page_{number}_gz_end)}},\n")
    assembler.append('.section .note.GNU-stack,"",@progbits\n')
    write_if_other(out / "built_in_files.S", "".join(assembler))
    body = ("const File files[] = {\n" + "".join(table) + "};\n") if files else ""
    text = ("std::string_view text(const char* begin, const char* end) {\n"
            "    return {begin, static_cast<std::size_t>(end - begin)};\n}\n\n") if files else ""
    write_if_other(out / "built_in_files.cpp", (
        "// Made by tools/embed_page.py.\n#include \"server/page/page.hpp\"\n\n"
        + ('extern "C" {\n' + "".join(declared) + "}\n\n" if files else "")
        + "namespace cockpit::page {\nnamespace {\n\n" + text + body + "\n}  // namespace\n\n"
        + "std::span<const File> built_in_files() {\n    return " + ("files" if files else "{}") + ";\n}\n\n"
        + "}  // namespace cockpit::page\n"))


if __name__ == "__main__":
    main()
