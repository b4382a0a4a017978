"""TCP connections of a network namespace as the kernel sees them: inet_diag,
sock_diag(7)."""

import socket
import struct
from typing import NamedTuple

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY = 4, 20
NLM_F_REQUEST_DUMP = 0x1 | 0x300
NLMSG_ERROR, NLMSG_DONE = 2, 3
INET_DIAG_INFO, ESTABLISHED = 2, 1
HEADER, MESSAGE = 16, 72

# Offsets in struct tcp_info, linux/tcp.h.
RETRANSMITS, RECEIVED, SEGMENTS, DATA_SEGMENTS, DUPLICATES = \
    100, 128, 136, 152, 216


class Flow(NamedTuple):
    local: int   # ports
    remote: int
    received: int       # bytes, as far as they are complete
    retransmits: int    # segments that were sent again
    segments: int       # that were sent, acknowledgements as well
    data_segments: int  # that came, in order or not
    duplicates: int     # of the sent: how many the other had already


def _parse(message):
    local, remote = struct.unpack_from("!HH", message, 4)
    at = MESSAGE
    while at + 4 <= len(message):
        size, kind = struct.unpack_from("=HH", message, at)
        if kind == INET_DIAG_INFO:
            info = message[at + 4:at + size]
            received = struct.unpack_from("=Q", info, RECEIVED)[0]
            return Flow(local, remote, received, *(
                struct.unpack_from("=I", info, x)[0] for x in
                (RETRANSMITS, SEGMENTS, DATA_SEGMENTS, DUPLICATES)))
        at += (max(size, 4) + 3) & ~3
    return None


class Diag:
    """Asks in the namespace that it was made for."""

    def __init__(self, namespace):
        self.socket = namespace.open_socket(
            socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG)

    def flows(self):
        """All established IPv4 connections."""
        request = struct.pack("=BBBxI48x", socket.AF_INET, socket.IPPROTO_TCP,
                              1 << (INET_DIAG_INFO - 1), 1 << ESTABLISHED)
        self.socket.send(struct.pack(
            "=IHHII", HEADER + len(request), SOCK_DIAG_BY_FAMILY,
            NLM_F_REQUEST_DUMP, 0, 0) + request)
        found = []
        while True:
            data = self.socket.recv(1 << 18)
            while len(data) >= HEADER:
                size, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_DONE:
                    return [f for f in found if f]
                if kind == NLMSG_ERROR:
                    raise OSError("inet_diag: %r" % data[:size])
                found.append(_parse(data[HEADER:size]))
                data = data[(size + 3) & ~3:]

    def close(self):
        self.socket.close()
