#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The shared library exports exactly the functions that the public headers declare.

    check_exports.py librelume.so [folder of headers]
"""

import subprocess
import sys
from pathlib import Path
from typing import List, Set

from public_headers import DEFAULT_FOLDER, all_functions


def exported_names(nm_output: str) -> Set[str]:
    """Names in the output of `nm -D --defined-only`, without symbol versions; type A is the version node itself."""
    names = set()
    for line in nm_output.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] != "A":
            names.add(words[2].split("@")[0])
    return names


def compare(exported: Set[str], declared: Set[str]) -> List[str]:
    mistakes = [f"exported but in no public header: {name}" for name in sorted(exported - declared)]
    return mistakes + [f"declared but not exported: {name}" for name in sorted(declared - exported)]


def main() -> int:
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else DEFAULT_FOLDER
    output = subprocess.run(["nm", "-D", "--defined-only", sys.argv[1]], check=True, capture_output=True, text=True).stdout
    exported = exported_names(output)
    mistakes = compare(exported, {function.name for function in all_functions(folder)})
    for mistake in mistakes:
        print(mistake)
    print(f"{len(exported)} exported symbols, {len(mistakes)} mistakes")
    return 1 if mistakes or not exported else 0


if __name__ == "__main__":
    sys.exit(main())
