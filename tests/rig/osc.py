# SPDX-License-Identifier: Apache-2.0
"""OSC 1.0 in plain Python, written against the specification and not against the rig: an independent peer."""

import struct


class OscError(ValueError):
    """The bytes are no OSC packet."""


class Typed:
    """An argument whose type tag is chosen by hand; plain Python values get theirs from their type."""

    def __init__(self, tag, value=None):
        self.tag = tag
        self.value = value


def d(value):
    return Typed("d", value)


def h(value):
    return Typed("h", value)


def rgba(value):
    """A 32-bit colour, 0xRRGGBBAA."""
    return Typed("r", value)


def pad(data):
    """Ends a string with one to four zeros."""
    return data + b"\0" * (4 - len(data) % 4)


def _typed(value):
    if isinstance(value, Typed):
        return value
    if value is True:
        return Typed("T")
    if value is False:
        return Typed("F")
    if value is None:
        return Typed("N")
    return Typed({int: "i", float: "f", str: "s", bytes: "b"}[type(value)], value)


def _encode_argument(arg):
    tag, value = arg.tag, arg.value
    if tag in "TFNI":
        return b""
    if tag in "sS":
        return pad(value.encode())
    if tag == "b":
        return struct.pack(">I", len(value)) + value + b"\0" * (-len(value) % 4)
    if tag == "m":
        return value
    return struct.pack({"i": ">i", "c": ">i", "r": ">I", "h": ">q", "t": ">Q", "f": ">f", "d": ">d"}[tag], value)


def message(address, *values):
    args = [_typed(value) for value in values]
    tags = "," + "".join(arg.tag for arg in args)
    return pad(address.encode()) + pad(tags.encode()) + b"".join(_encode_argument(arg) for arg in args)


def bundle(*elements, timetag=1):
    return b"#bundle\0" + struct.pack(">Q", timetag) + b"".join(struct.pack(">I", len(e)) + e for e in elements)


def _read_string(data, at):
    end = data.find(b"\0", at)
    if end < 0:
        raise OscError("string does not end")
    after = end + 4 - end % 4
    if after > len(data) or any(data[end:after]):
        raise OscError("string is not padded")
    return data[at:end].decode(), after


def _read_argument(tag, data, at):
    if tag in "TFNI":
        return {"T": True, "F": False, "N": None, "I": "infinitum"}[tag], at
    if tag in "sS":
        return _read_string(data, at)
    if tag == "b":
        (size,) = struct.unpack_from(">I", data, at)
        return data[at + 4 : at + 4 + size], at + 4 + size + -size % 4
    layout = {"i": ">i", "c": ">i", "r": ">I", "h": ">q", "t": ">Q", "f": ">f", "d": ">d", "m": ">I"}[tag]
    return struct.unpack_from(layout, data, at)[0], at + struct.calcsize(layout)


class Message:
    """A decoded message: address, type tags without the comma, values."""

    def __init__(self, address, tags, values):
        self.address = address
        self.tags = tags
        self.values = values

    def __eq__(self, other):
        return (self.address, self.tags, self.values) == (other.address, other.tags, other.values)

    def __repr__(self):
        return f"{self.address} ,{self.tags} {self.values}"


def decode(data):
    """Decodes one message. The rig sends no bundles."""
    if len(data) % 4:
        raise OscError("length is no multiple of 4")
    address, at = _read_string(data, 0)
    tags, at = _read_string(data, at)
    if not address.startswith("/") or not tags.startswith(","):
        raise OscError("no address or no type tags")
    values = []
    for tag in tags[1:]:
        value, at = _read_argument(tag, data, at)
        values.append(value)
    if at != len(data):
        raise OscError("bytes left over")
    return Message(address, tags[1:], values)
