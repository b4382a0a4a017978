"""A daemon that is none: the control protocol with scripted answers."""

import json
import os
import socket
import threading

GREETING = {"serial-router": "0.1.0", "protocol": 1, "pid": 811}


class Fake:
    """Listens at path.  answers: request line -> an answer, a list of them to
    be given one after the other (the last one again and again), or a function
    of the request; an answer is a dictionary, bytes as they are, or None: it
    is silent, or CLOSE."""

    CLOSE = object()

    def __init__(self, directory, answers=None, greeting=GREETING):
        self.path = os.path.join(directory, "control")
        self.answers, self.greeting = answers or {}, greeting
        self.requests = []
        self.lock = threading.Lock()
        self.clients = []
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()

    def close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join()
        self.drop()

    def drop(self):
        """Ends all connections."""
        with self.lock:
            clients, self.clients = self.clients, []
        for client in clients:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def send(self, answer):
        """Something that was not asked for, to all that are still there."""
        with self.lock:
            clients = list(self.clients)
        for client in clients:
            try:
                self._send(client, answer)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with self.lock:
                self.clients.append(client)
            threading.Thread(
                target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            self._send(client, self.greeting)
            with client.makefile("r", encoding="utf-8", newline="\n") as f:
                for line in f:
                    if self._answer(client, line.rstrip("\n")):
                        break
        except (OSError, ValueError):
            pass
        finally:
            client.close()

    def _answer(self, client, request):
        self.requests.append(request)
        answer = self.answers.get(
            request, {"error": {"code": "unknown-verb", "next": None,
                                "text": "not scripted: %s" % request}})
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if answer is self.CLOSE:
            return True
        self._send(client, answer)
        return False

    @staticmethod
    def _send(client, answer):
        if answer is None:
            return
        if not isinstance(answer, bytes):
            answer = json.dumps(answer, ensure_ascii=False).encode() + b"\n"
        client.sendall(answer)


def link(name, **changes):
    """A link of an answer to show, with "a.b" = value changes as a__b."""
    made = {
        "name": name, "enabled": True, "stopped": False, "state": "up",
        "since_s": 93784.3, "reason": None, "flags": [], "failure": None,
        "failures": 0, "retry_in_s": None, "restarts": 1,
        "pump": {"pid": 812}, "heard_s": 0.2,
        "port": {
            "device": "/dev/ttyACM0", "usb": None, "node": "/dev/ttyACM0",
            "driver": "cdc_acm",
            "found": {"vendor": 0x2341, "product": 0x43,
                      "serial": "75834353", "path": "1-1.2", "function": 0},
            "baud": 115200, "baud_real": 115200, "parity": "none",
            "stop_bits": 1, "flow": "none", "low_latency": True,
            "capacity_bytes_per_s": 11520.0},
        "interface": {
            "name": name, "index": 7, "mtu": 1280,
            "addresses": ["10.64.0.1/32 peer 10.64.0.2", "fd00:64::1/64"],
            "up": True, "carrier": True},
        "round_trip": {
            "address": "10.64.0.2", "last_ms": 3.2, "average_ms": 3.1,
            "least_ms": 3.0, "sent": 10, "answered": 10},
        "tx": {
            "in_packets": 1100, "in_bytes": 1200000, "packets": 1090,
            "bytes": 1190000, "line_bytes": 1210000, "busy_s": 105.2,
            "dropped": {"stale": 1, "full": 9, "oversized": 0, "closed": 0},
            "marked": {"codel": 4}, "stuck": 0,
            "delay_ms": {
                "le": [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, None],
                "count": [900, 100, 50, 30, 10, 0, 0, 0, 0, 0, 0, 0]},
            "tty_wait_max_ms": 2.1},
        "rx": {
            "line_bytes": 812345, "frames": 1000, "packets": 990,
            "bytes": 800000,
            "dropped": {"noise": 1, "escape": 0, "oversized": 0,
                        "version": 0, "truncated": 7, "header_length": 0,
                        "total_length": 0, "header_checksum": 1,
                        "refused": 1},
            "resyncs": 2,
            "uart": {"framing": 1, "parity": 0, "overrun": 3, "break": 0}},
        "queue": {"packets": 2, "bytes": 2560, "flows": 1,
                  "limit_bytes": 23040, "target_ms": 166.7},
    }
    for path, value in changes.items():
        *way, last = path.split("__")
        place = made
        for key in way:
            place = place[key]
        place[last] = value
    return made


def absent(name, **changes):
    """One that has never been up: nothing is known of its port."""
    return link(name, state="absent", since_s=12.3, heard_s=None, pump=None,
                restarts=0, round_trip=None,
                reason="port /dev/ttyUSB7 is not there; waiting for it",
                port={"device": "/dev/ttyUSB7", "usb": None, "node": None,
                      "driver": None, "found": None, "baud": 9600,
                      "baud_real": None, "parity": "even", "stop_bits": 2,
                      "flow": "rtscts", "low_latency": None,
                      "capacity_bytes_per_s": 800.0},
                interface__carrier=False, interface__addresses=[],
                tx__packets=0, tx__bytes=0, tx__line_bytes=0, tx__busy_s=0.0,
                tx__dropped={"stale": 0}, tx__marked={},
                tx__delay_ms__count=[0] * 12, tx__tty_wait_max_ms=None,
                rx__frames=0, rx__packets=0, rx__bytes=0, rx__line_bytes=0,
                rx__dropped={"noise": 0}, rx__uart=None, rx__resyncs=0,
                queue={"packets": 0, "bytes": 0, "flows": 0,
                       "limit_bytes": 1600, "target_ms": 600.0}, **changes)


def show(*links, monotonic_s=1000.0, **daemon):
    made = {
        "version": "0.1.0", "pid": 811, "uptime_s": 86400.1 + monotonic_s,
        "time": "2026-01-01T00:00:00.000Z", "monotonic_s": monotonic_s,
        "file": "/etc/serial-router.conf",
        "loaded": "2025-12-31T00:00:00.000Z", "log": "info",
        "control": {"path": "/run/serial-router/control",
                    "group": "serial-router"},
        "confirm": None, "undone": False, "links_total": len(links),
        "links_up": sum(x["state"] == "up" for x in links)}
    made.update(daemon)
    return {"daemon": made, "links": list(links)}
