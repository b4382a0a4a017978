"""TCP flows in numbers, without a process for each: one thread sends on all
that take something, one takes what arrives."""

import os
import selectors
import threading

from transfer import connect

BLOCK = 65536


class Feed:
    """A flow (cubic) from one namespace to each of the addresses in the
    other."""

    def __init__(self, source, sink, addresses):
        self.sources, self.sinks = [], []
        for address in addresses:
            one, other = connect(source, address, sink)
            self.sources.append(one)
            self.sinks.append(other)
        self.received = [0] * len(addresses)
        self.block = os.urandom(BLOCK)
        self.ended = False
        self.threads = [threading.Thread(target=t, daemon=True)
                        for t in (self._send, self._take)]
        for sock in self.sources + self.sinks:
            sock.setblocking(False)
        for thread in self.threads:
            thread.start()

    def _serve(self, sockets, event, function):
        with selectors.DefaultSelector() as selector:
            for number, sock in enumerate(sockets):
                selector.register(sock, event, number)
            while not self.ended:
                for key, _ in selector.select(0.2):
                    try:
                        function(key.data, key.fileobj)
                    except BlockingIOError:
                        pass
                    except OSError:
                        selector.unregister(key.fileobj)

    def _send(self):
        self._serve(self.sources, selectors.EVENT_WRITE,
                    lambda _, sock: sock.send(self.block))

    def _take(self):
        def take(number, sock):
            self.received[number] += len(sock.recv(BLOCK))

        self._serve(self.sinks, selectors.EVENT_READ, take)

    def close(self):
        self.ended = True
        for thread in self.threads:
            thread.join(5)
        for sock in self.sources + self.sinks:
            sock.close()
