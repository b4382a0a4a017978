"""What rtnetlink(7) tells everybody, by the interface that it names."""

import socket
import struct

SOL_NETLINK, NETLINK_ADD_MEMBERSHIP = 270, 1
# linux/rtnetlink.h, RTNLGRP_*: link, neighbours, addresses, routes and
# settings (netconf) of IPv4 and IPv6.
GROUPS = (1, 3, 5, 7, 9, 11, 24, 25)

NAMES = {16: "NEWLINK", 17: "DELLINK", 20: "NEWADDR", 21: "DELADDR",
         24: "NEWROUTE", 25: "DELROUTE", 28: "NEWNEIGH", 29: "DELNEIGH",
         80: "NEWNETCONF", 81: "DELNETCONF"}
RTA_OIF, NETCONFA_IFINDEX = 4, 1


def attribute(data, wanted):
    """The first attribute of that type as a number."""
    while len(data) >= 4:
        size, kind = struct.unpack("=HH", data[:4])
        if size < 4:
            break
        if kind & 0x3fff == wanted and size >= 8:
            return struct.unpack("=i", data[4:8])[0]
        data = data[(size + 3) & ~3:]
    return 0


def index_of(kind, body):
    """The interface that a message names."""
    if kind in (16, 17, 20, 21, 28, 29):
        return struct.unpack("=i", body[4:8])[0]
    if kind in (24, 25):
        return attribute(body[12:], RTA_OIF)
    if kind in (80, 81):
        return attribute(body[4:], NETCONFA_IFINDEX)
    return 0


class Listener:
    def __init__(self, namespace):
        self.socket = namespace.open_socket(
            socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind((0, 0))
        for group in GROUPS:
            self.socket.setsockopt(
                SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group)
        self.socket.setblocking(False)

    def take(self):
        """(message, interface's index) of all that came since last time."""
        found = []
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except BlockingIOError:
                return found
            while len(data) >= 16:
                size, kind = struct.unpack("=IH", data[:6])
                assert size >= 16, data
                found.append((NAMES.get(kind, str(kind)),
                              index_of(kind, data[16:size])))
                data = data[(size + 3) & ~3:]

    def named(self):
        """The indices that were named since last time."""
        return {index for _, index in self.take()}

    def close(self):
        self.socket.close()
