"""IP packets: made, judged, and watched on an interface.  The judge shares
nothing with the daemon's own."""

import socket
import struct
import threading

SO_RCVBUFFORCE = 33
ETH_P_ALL = 3
PACKET_OUTGOING = 4


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp4(source, to, payload, port=9):
    """A UDP packet without UDP checksum."""
    length = 28 + len(payload)
    head = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, length, 1, 0, 64, 17, 0,
        socket.inet_aton(source), socket.inet_aton(to),
    )
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + struct.pack("!HHHH", 9, port, 8 + len(payload), 0) + payload


def udp6(source, to, payload, port=9):
    head = struct.pack(
        "!IHBB16s16s", 0x60000000, 8 + len(payload), 17, 64,
        socket.inet_pton(socket.AF_INET6, source),
        socket.inet_pton(socket.AF_INET6, to),
    )
    return head + struct.pack("!HHHH", 9, port, 8 + len(payload), 0) + payload


def pseudo(packet, protocol, length):
    """What a checksum covers besides the transport's bytes."""
    addresses = packet[12:20] if packet[0] >> 4 == 4 else packet[8:40]
    return addresses + struct.pack("!BBH", 0, protocol, length)


# Protocol: offset of its checksum, shortest header.
CHECKSUMS = {1: (2, 8), 6: (16, 20), 17: (6, 8), 58: (2, 8)}


def seal(packet, protocol, at):
    """With the checksum of the transport header at that offset."""
    where = at + CHECKSUMS[protocol][0]
    packet = packet[:where] + b"\0\0" + packet[where + 2:]
    body = packet[at:]
    covered = body if protocol == 1 else (
        pseudo(packet, protocol, len(body)) + body)
    value = checksum(covered) or (0xFFFF if protocol == 17 else 0)
    return packet[:where] + struct.pack("!H", value) + packet[where + 2:]


def payload_fault(packet):
    """Whether a checksum of TCP, UDP or ICMP is wrong, in a packet without
    fault that is no fragment and has no extension headers."""
    four = packet[0] >> 4 == 4
    at = (packet[0] & 15) * 4 if four else 40
    protocol = packet[9] if four else packet[6]
    if four and struct.unpack("!H", packet[6:8])[0] & 0x3FFF:
        return None
    offset, shortest = CHECKSUMS.get(protocol, (0, 65536))
    body = packet[at:]
    if len(body) < shortest:
        return None
    if protocol == 17:
        if body[6:8] == b"\0\0":
            return None
        length = struct.unpack("!H", body[4:6])[0]
        if not 8 <= length <= len(body):
            return "length of UDP"
        body = body[:length]
    covered = body if protocol == 1 else (
        pseudo(packet, protocol, len(body)) + body)
    return "checksum of %d" % protocol if checksum(covered) else None


def fault(packet):
    """Why this is no honest packet; None: it is one."""
    if not packet:
        return "empty"
    version = packet[0] >> 4
    if version == 6:
        if len(packet) < 40:
            return "truncated"
        if struct.unpack("!H", packet[4:6])[0] + 40 != len(packet):
            return "length"
        return None
    if version != 4:
        return "version"
    header = (packet[0] & 15) * 4
    if header < 20 or len(packet) < header:
        return "header length"
    if struct.unpack("!H", packet[2:4])[0] != len(packet):
        return "length"
    return "checksum" if checksum(packet[:header]) else None


class Capture:
    """All packets that come out of an interface, from the line."""

    def __init__(self, namespace, interface):
        self.packets = []
        self.ended = False
        self.socket = namespace.open_socket(
            socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL)
        )
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 16 << 20)
        self.socket.bind((interface, ETH_P_ALL))
        self.socket.settimeout(0.1)
        self.thread = threading.Thread(target=self._take, daemon=True)
        self.thread.start()

    def _take(self):
        while not self.ended:
            try:
                packet, address = self.socket.recvfrom(65536)
            except TimeoutError:
                continue
            except OSError:
                # The interface went down or away; it may come back.
                continue
            if address[2] != PACKET_OUTGOING:
                self.packets.append(packet)

    def faults(self):
        return [f for f in map(fault, list(self.packets)) if f]

    def close(self):
        self.ended = True
        self.thread.join(5)
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
