"""Bytes over a link, by TCP and UDP sockets of two namespaces."""

import hashlib
import os
import random
import socket
import struct
import threading
import time

TCP_CONGESTION = 13


class Side(threading.Thread):
    """Sends its data and takes the other's, both at once."""

    def __init__(self, sock, data, expected):
        super().__init__(daemon=True)
        self.sock, self.data, self.expected = sock, data, expected
        self.hash, self.got, self.error = hashlib.sha256(), 0, None

    def run(self):
        sender = threading.Thread(target=self._send, daemon=True)
        sender.start()
        try:
            while self.got < self.expected:
                data = self.sock.recv(65536)
                assert data, "the connection ended"
                self.hash.update(data)
                self.got += len(data)
        except Exception as e:
            self.error = e
        sender.join()

    def _send(self):
        try:
            self.sock.sendall(self.data)
        except Exception as e:
            self.error = e


def connect(client, address, server, source=None, seconds=30, window=None):
    """A TCP connection from one namespace to an address in the other; window:
    about how many bytes each end may have on their way."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = server.bound(address, socket.SOCK_STREAM)
    one = client.open_socket(family, socket.SOCK_STREAM)
    for sock in (listener, one) if window else ():
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
    listener.listen(1)
    one.settimeout(seconds)
    one.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, b"cubic")
    if source:
        one.bind((source, 0))
    one.connect(listener.getsockname()[:2])
    other, _ = listener.accept()
    other.settimeout(seconds)
    other.setsockopt(socket.IPPROTO_TCP, TCP_CONGESTION, b"cubic")
    listener.close()
    return one, other


class Exchange:
    """Random bytes both ways over one TCP connection."""

    def __init__(self, sockets, there, back, seed=1):
        rng = random.Random(seed)
        data = rng.randbytes(there), rng.randbytes(back)
        self.sockets = sockets
        self.sides = [
            Side(sockets[0], data[0], back), Side(sockets[1], data[1], there)
        ]
        self.hashes = [
            hashlib.sha256(data[1]).digest(), hashlib.sha256(data[0]).digest()
        ]
        for side in self.sides:
            side.start()

    def got(self):
        return sum(side.got for side in self.sides)

    def finish(self, seconds=60):
        """All that was sent has arrived, unchanged."""
        end = time.monotonic() + seconds
        for side in self.sides:
            side.join(max(0, end - time.monotonic()))
        state = [(s.got, s.expected, s.error) for s in self.sides]
        assert not any(s.is_alive() for s in self.sides), state
        assert [s.hash.digest() for s in self.sides] == self.hashes, state
        for sock in self.sockets:
            sock.close()


class Numbers:
    """Numbered UDP packets from one socket to another, at a steady pace."""

    def __init__(self, source, to, every_s=0.01, size=64):
        self.source, self.to, self.every_s = source, to, every_s
        self.padding = os.urandom(size - 4)
        self.sent, self.got, self.damaged = 0, [], 0
        self.stopping = threading.Event()
        self.ended = False
        self.sender = threading.Thread(target=self._send, daemon=True)
        self.taker = threading.Thread(target=self._take, daemon=True)
        self.to.settimeout(0.2)
        self.taker.start()
        self.sender.start()

    def _send(self):
        address = self.to.getsockname()
        while not self.stopping.wait(self.every_s):
            try:
                self.source.sendto(
                    struct.pack("!I", self.sent) + self.padding, address)
            except OSError:
                pass  # counted as lost
            self.sent += 1

    def _take(self):
        while not self.ended:
            try:
                data = self.to.recv(65536)
            except TimeoutError:
                continue
            if data[4:] == self.padding:
                self.got.append(struct.unpack("!I", data[:4])[0])
            else:
                self.damaged += 1

    def finish(self, seconds=5):
        """Stops sending; the numbers that were lost, once no more comes."""
        self.stopping.set()
        self.sender.join(5)
        end = time.monotonic() + seconds
        while len(set(self.got)) < self.sent and time.monotonic() < end:
            time.sleep(0.02)
        self.ended = True
        self.taker.join(5)
        assert not self.damaged
        return sorted(set(range(self.sent)) - set(self.got))


def drain(sock, count, seconds=20):
    """Up to count datagrams of a socket."""
    got, end = [], time.monotonic() + seconds
    while len(got) < count:
        left = end - time.monotonic()
        if left <= 0:
            break
        sock.settimeout(left)
        try:
            got.append(sock.recv(65536))
        except TimeoutError:
            break
    return got
