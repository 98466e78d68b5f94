#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares, for every public C function, what its comment says with its mark and with the guard's table.

    check_realtime_marks.py [folder of headers] [table]

Every function says its thread role, its realtime class and since when it exists; `wait-free` and RELUME_NONBLOCKING go
together; the table names exactly the wait-free functions, with their roles; who returns a relume_result says for what.
"""

import re
import sys
from pathlib import Path
from typing import Dict, List

from public_headers import DEFAULT_FOLDER, Function, all_functions

DEFAULT_TABLE = Path(__file__).resolve().parent / "realtime_table.txt"
ROLES = ("any", "frame", "reader", "source", "control", "disk")
CLASSES = ("wait-free", "blocking")


def read_table(table: Path, mistakes: List[str]) -> Dict[str, str]:
    """Function name to role. Lines are `name role`; # begins a comment."""
    roles: Dict[str, str] = {}
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 2 or words[1] not in ROLES:
            mistakes.append(f"{table.name}:{number}: expected `function role`, role one of {', '.join(ROLES)}: {line}")
        elif words[0] in roles:
            mistakes.append(f"{table.name}:{number}: {words[0]} is there twice")
        else:
            roles[words[0]] = words[1]
    return roles


def _said(pattern: str, doc: str) -> str:
    match = re.search(pattern, doc)
    return match.group(1) if match else ""


def check_function(function: Function, table: Dict[str, str]) -> List[str]:
    """What is wrong with one function, as sentences."""
    if not function.doc:
        return ["has no /** comment right above it"]
    wrong = []
    role = _said(r"Threads:\s+([\w-]+)", function.doc)
    kind = _said(r"Realtime:\s+([\w-]+)", function.doc)
    if not function.exported:
        wrong.append("is not marked RELUME_API")
    if role not in ROLES:
        wrong.append(f"says `Threads: {role}`, which is none of {', '.join(ROLES)}")
    if kind not in CLASSES:
        wrong.append(f"says `Realtime: {kind}`, which is none of {', '.join(CLASSES)}")
    if not re.search(r"@since \d+\.\d+\.\d+", function.doc):
        wrong.append("has no `@since x.y.z`")
    if kind == "wait-free" and not function.marked:
        wrong.append("says wait-free and does not carry RELUME_NONBLOCKING")
    if kind == "blocking" and function.marked:
        wrong.append("carries RELUME_NONBLOCKING and says blocking")
    if function.returns == "relume_result" and not re.search(r"@retval RELUME_E_\w+", function.doc):
        wrong.append("returns a relume_result and names no @retval RELUME_E_...")
    if kind == "wait-free" and function.name not in table:
        wrong.append("is wait-free and not in the guard's table")
    if function.name in table and kind != "wait-free":
        wrong.append("is in the guard's table and not wait-free")
    if function.name in table and role in ROLES and table[function.name] != role:
        wrong.append(f"has the role {role} here and {table[function.name]} in the guard's table")
    return wrong


def check(folder: Path, table: Path) -> tuple:
    """Returns (number of functions, number of wait-free ones, mistakes)."""
    mistakes: List[str] = []
    roles = read_table(table, mistakes)
    functions = all_functions(folder)
    for function in functions:
        mistakes += [f"{function.where}: {function.name} {wrong}" for wrong in check_function(function, roles)]
    names = [function.name for function in functions]
    mistakes += [f"{table.name}: no header declares {name}" for name in roles if name not in names]
    mistakes += [f"{name} is declared more than once" for name in sorted(set(names)) if names.count(name) > 1]
    if not functions:
        mistakes.append(f"{folder}: no header declares a function")
    return len(functions), sum(function.marked for function in functions), mistakes


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_FOLDER
    table = Path(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_TABLE
    count, wait_free, mistakes = check(folder, table)
    for mistake in mistakes:
        print(mistake)
    print(f"{count} functions, {wait_free} of them wait-free, {len(mistakes)} mistakes")
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
