#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Prints every value and record of a show.json that proves itself; docs/persistence-format.md specifies it.

usage: show_reader.py <show.json>
"""

import base64
import json
import re
import sys
import zlib

# The first lines of every document of every version.
BEGINNING = re.compile(rb'{\n  "relume": {\n    "format": (\d+),\n    "minor": \d+,\n    "length": +(\d+),\n'
                       rb'    "checksum": "([0-9a-f]{8})",\n')


def prove(data):
    """The document in these bytes; ValueError says why they are none."""
    beginning = BEGINNING.match(data)
    if beginning:
        length, digits = int(beginning[2]), beginning.span(3)
        if length != len(data):
            raise ValueError(f"it has {len(data)} bytes, and should have {length}")
        found = zlib.crc32(data[:digits[0]] + b"00000000" + data[digits[1]:])
        if found != int(beginning[3], 16):
            raise ValueError(f"its checksum is {found:08x}, and should be {beginning[3].decode()}")
    document = json.loads(data)  # a ValueError as well
    header = document.get("relume") if isinstance(document, dict) else None
    if not isinstance(header, dict) or "format" not in header:
        raise ValueError("it is no show document")
    if not beginning and header.get("checksum") != "none":
        raise ValueError('it was changed since it was saved; "checksum": "none" would say that this was meant')
    if header["format"] not in (1, 2):
        raise ValueError(f"its format is {header['format']}, and this reader knows 1 and 2")
    return document


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], "rb") as file:
            document = prove(file.read())
    except (OSError, ValueError) as error:
        sys.exit(f"show_reader: {sys.argv[1]}: {error}")
    print(f"revision {document['relume']['revision']} of history {document['relume']['history']}")
    for layer in document["layers"]:
        for key, value in layer["values"].items():
            print(f"{layer['key']}/{key} = {json.dumps(value, ensure_ascii=False)}")
    for name, record in document["records"].items():
        content = base64.b64decode(record["base64"]) if "base64" in record else json.dumps(record.get("json"))
        print(f"record {name} = {content}")


if __name__ == "__main__":
    main()
