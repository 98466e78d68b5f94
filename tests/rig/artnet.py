# SPDX-License-Identifier: Apache-2.0
"""Art-Net in plain Python: decodes ArtDmx and receives it with the kernel's own time stamps."""

import select
import socket
import struct
import time

SO_TIMESTAMPNS = 35  # the socket module does not name it
SO_RXQ_OVFL = 40


class Packet:
    """One ArtDmx packet."""

    __slots__ = ("universe", "sequence", "channels", "time", "source")

    def __init__(self, data, when, source):
        if data[:8] != b"Art-Net\0" or struct.unpack_from("<H", data, 8)[0] != 0x5000:
            raise ValueError(f"not an ArtDmx packet: {data[:10]!r}")
        version, self.sequence, physical, sub_uni, net, length = struct.unpack_from(">HBBBBH", data, 10)
        if version != 14 or length != 512 or len(data) != 18 + length or physical != 0 or net > 127:
            raise ValueError(f"version {version}, physical {physical}, net {net}, length {length} of {len(data)} bytes")
        self.universe = net << 8 | sub_uni
        self.channels = data[18:]
        self.time = when
        self.source = source

    def __repr__(self):
        return f"universe {self.universe} #{self.sequence} {self.channels[:8].hex(' ')}..."


class Receiver:
    """A node: a UDP socket on a free port of the loopback that keeps every packet it gets."""

    def __init__(self, port=0):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        self.socket.setblocking(False)
        self.socket.bind(("127.0.0.1", port))
        self.port = self.socket.getsockname()[1]
        self.lost = 0

    def close(self):
        self.socket.close()

    def drain(self):
        """Everything that has arrived, oldest first. `time` is the kernel's: seconds since the epoch."""
        packets = []
        while True:
            try:
                data, ancillary, _, source = self.socket.recvmsg(2048, 128)
            except BlockingIOError:
                return packets
            when = 0.0
            for level, kind, value in ancillary:
                if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPNS:
                    seconds, nanoseconds = struct.unpack("qq", value)
                    when = seconds + nanoseconds / 1e9
                elif level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL:
                    self.lost = struct.unpack("I", value)[0]
            packets.append(Packet(data, when, source))

    def collect(self, enough, timeout=5.0):
        """Receives until enough(packets) is true; returns them all. Raises TimeoutError."""
        packets = []
        deadline = time.monotonic() + timeout
        while not enough(packets):
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"waited {timeout} s; got {len(packets)} packets, last {packets[-4:]}")
            if select.select([self.socket], [], [], left)[0]:
                packets += self.drain()
        return packets

    def collect_for(self, seconds):
        """Receives for a fixed time, for statements about a rate or about silence."""
        packets = []
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.socket], [], [], left)[0]:
                packets += self.drain()
        return packets


def sequence_errors(packets):
    """Places where a universe's sequence is not the one after the packet before it, in 1..255."""
    last, errors = {}, []
    for packet in packets:
        before = last.get(packet.universe)
        if before is not None and packet.sequence != before % 255 + 1:
            errors.append(f"universe {packet.universe}: {packet.sequence} after {before}")
        last[packet.universe] = packet.sequence
    return errors
