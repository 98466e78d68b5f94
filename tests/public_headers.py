# SPDX-License-Identifier: Apache-2.0
"""Reads the C functions, and what their comments promise, out of the public headers."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List

DEFAULT_FOLDER = Path(__file__).resolve().parent.parent / "include" / "relume"


@dataclass
class Function:
    """One declared C function. `doc` is the comment right above it, or above the run of declarations that it is in."""

    name: str
    returns: str
    doc: str
    marked: bool  # carries RELUME_NONBLOCKING
    exported: bool  # carries RELUME_API
    where: str  # "file:line"


def _chunks(lines: List[str]) -> Iterator[tuple]:
    """Yields (kind, first line number, text); kind is "doc", "comment", "code" or "blank"."""
    at = 0
    while at < len(lines):
        first, line = at, lines[at].strip()
        at += 1
        if not line:
            yield "blank", first + 1, ""
        elif line.startswith("/*"):
            kind = "doc" if line.startswith("/**") else "comment"
            while "*/" not in lines[at - 1]:
                at += 1
            yield kind, first + 1, "\n".join(lines[first:at])
        elif line.startswith("#"):
            while lines[at - 1].endswith("\\"):
                at += 1
            yield "comment", first + 1, ""
        else:
            # A declaration ends at the semicolon that closes its last brace.
            text = _without_comments(line)
            while not _complete(text):
                text += " " + _without_comments(lines[at].strip())
                at += 1
            yield "code", first + 1, text


def _without_comments(line: str) -> str:
    return re.sub(r"/\*.*?\*/|//.*$", "", line).strip()


def _complete(text: str) -> bool:
    if text.startswith('extern "C"') or text == "}":
        return True
    return text.endswith(";") and text.count("{") == text.count("}")


def functions_of(header: Path) -> List[Function]:
    """The functions that one header declares."""
    found, doc = [], ""
    for kind, line, text in _chunks(header.read_text(encoding="utf-8").splitlines()):
        if kind == "doc":
            doc = text
        elif kind == "blank":
            doc = ""
        elif kind == "code" and not text.startswith("typedef"):
            match = re.match(r"([^()]*?)\b(relume_\w+)\s*\(", text)
            if match:
                before = match.group(1)
                returns = re.sub(r"\bRELUME_(API|MUST_USE)\b", "", before).strip()
                found.append(Function(match.group(2), returns, doc, "RELUME_NONBLOCKING" in text,
                                      "RELUME_API" in before, f"{header.name}:{line}"))
    return found


def all_functions(folder: Path) -> List[Function]:
    """The functions of every C header of a folder."""
    return [f for header in sorted(folder.glob("*.h")) for f in functions_of(header)]
