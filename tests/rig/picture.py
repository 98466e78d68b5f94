# SPDX-License-Identifier: Apache-2.0
"""PNG in plain Python, as far as the rig writes it: 8 bits a channel, RGB or RGBA, not interlaced."""

import struct
import zlib


class Picture:
    """A decoded picture. Rows are decoded as far as somebody asks for them."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.file = file.read()
        if self.file[:8] != b"\x89PNG\r\n\x1a\n":
            raise ValueError(f"{path} is no PNG")
        at, data = 8, b""
        while at < len(self.file):
            (length,) = struct.unpack_from(">I", self.file, at)
            kind, body = self.file[at + 4 : at + 8], self.file[at + 8 : at + 8 + length]
            if zlib.crc32(kind + body) != struct.unpack_from(">I", self.file, at + 8 + length)[0]:
                raise ValueError(f"{path}: {kind} is damaged")
            if kind == b"IHDR":
                self.width, self.height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", body)
                if depth != 8 or color not in (2, 6) or interlaced:
                    raise ValueError(f"{path}: depth {depth}, colour type {color}, interlaced {interlaced}")
                self.channels = 3 if color == 2 else 4
            elif kind == b"IDAT":
                data += body
            at += 12 + length
        self._filtered = zlib.decompress(data)
        self._rows = []

    def pixel(self, x, y):
        """Red, green, blue."""
        while len(self._rows) <= y:
            self._rows.append(self._next_row())
        return tuple(self._rows[y][x * self.channels : x * self.channels + 3])

    def _next_row(self):
        size = self.width * self.channels
        at = len(self._rows) * (size + 1)
        kind, row = self._filtered[at], bytearray(self._filtered[at + 1 : at + 1 + size])
        above = self._rows[-1] if self._rows else bytes(size)
        step = self.channels
        for i in range(size if kind else 0):
            left = row[i - step] if i >= step else 0
            corner = above[i - step] if i >= step else 0
            if kind == 1:
                row[i] = (row[i] + left) & 255
            elif kind == 2:
                row[i] = (row[i] + above[i]) & 255
            elif kind == 3:
                row[i] = (row[i] + (left + above[i]) // 2) & 255
            else:
                row[i] = (row[i] + _paeth(left, above[i], corner)) & 255
        return row


def _paeth(left, above, corner):
    estimate = left + above - corner
    distances = (abs(estimate - left), abs(estimate - above), abs(estimate - corner))
    return (left, above, corner)[distances.index(min(distances))]
