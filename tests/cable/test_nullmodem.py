"""The virtual null-modem cable does what a test of the daemon relies on."""

import errno
import fcntl
import os
import select
import signal
import socket
import subprocess
import termios
import threading
import time

import pytest

PLACES = ["./tests/cable/nullmodem", "./nullmodem", "build/tests/cable/nullmodem"]
DEADLINE = 5.0
RATES = [9600, 19200, 57600, 115200, 230400, 500000, 921600, 1500000]
TIOCVHANGUP = 0x5437


def binary():
    places = [os.environ["NULLMODEM"]] if "NULLMODEM" in os.environ else PLACES
    for place in places:
        if os.access(place, os.X_OK):
            return os.path.abspath(place)
    pytest.fail("no nullmodem to test: set NULLMODEM")


def wait_for(condition, deadline=DEADLINE):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        result = condition()
        if result:
            return result
        time.sleep(0.002)
    raise AssertionError("nothing came of it within %g s" % deadline)


class Rack:
    """A running nullmodem with cables of the given options."""

    def __init__(self, directory, *options, args=()):
        self.names = [
            (str(directory / ("a%d" % n)), str(directory / ("b%d" % n)))
            for n in range(len(options))
        ]
        specs = [
            ",".join([a + ":" + b] + ([o] if o else []))
            for (a, b), o in zip(self.names, options)
        ]
        self.fds = []
        self.process = subprocess.Popen(
            [binary(), *args, *specs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
        )
        self.answers = b""
        try:
            assert self.answer() == "ready"
        except BaseException:
            self.process.kill()
            raise

    def answer(self):
        while b"\n" not in self.answers:
            assert select.select([self.process.stdout], [], [], DEADLINE)[0]
            got = os.read(self.process.stdout.fileno(), 65536)
            assert got, "it ended"
            self.answers += got
        line, self.answers = self.answers.split(b"\n", 1)
        return line.decode()

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        return self.answer()

    def ok(self, line):
        answer = self.tell(line)
        assert answer == "ok" or answer.startswith("ok "), answer
        return answer

    def stat(self, n=0):
        pairs = self.ok("stat %d" % n).split()[1:]
        return {k: int(v) for k, v in (p.split("=") for p in pairs)}

    def open(self, end, n=0):
        name = self.names[n]["ab".index(end)]
        self.fds.append(os.open(name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK))
        return self.fds[-1]

    def pair(self, n=0):
        return self.open("a", n), self.open("b", n)

    def cpu_s(self):
        with open("/proc/%d/stat" % self.process.pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def switches(self):
        """How often it went to sleep."""
        with open("/proc/%d/status" % self.process.pid) as f:
            fields = dict(line.split(":", 1) for line in f)
        return int(fields["voluntary_ctxt_switches"])

    def close(self):
        for fd in self.fds:
            os.close(fd)
        self.process.stdin.close()
        try:
            status = self.process.wait(DEADLINE)
        finally:
            self.process.kill()
            self.process.stdout.close()
        return status


@pytest.fixture
def rack(tmp_path):
    racks = []

    def make(*options, args=()):
        racks.append(Rack(tmp_path, *options, args=args))
        return racks[-1]

    yield make
    for r in racks:
        assert r.close() == 0


def read_some(fd):
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return b""


def write_some(fd, data):
    try:
        return os.write(fd, data)
    except BlockingIOError:
        return 0


def read_until(fd, n, deadline=DEADLINE):
    """n bytes, or an AssertionError."""
    got = bytearray()

    def enough():
        got.extend(read_some(fd))
        return len(got) >= n

    wait_for(enough, deadline)
    return bytes(got)


def pass_through(src, dst, data, done):
    """Writes data to src and reads dst until done(bytes read)."""
    left, got = memoryview(data), bytearray()
    end = time.monotonic() + 10
    while not done(len(got)):
        assert time.monotonic() < end, "%d of %d" % (len(got), len(data))
        r, w, _ = select.select([dst], [src] if left else [], [], 0.01)
        if w:
            left = left[write_some(src, left[:4096]):]
        if r:
            got += read_some(dst)
    return bytes(got)


def writable(fd):
    return bool(select.select([], [fd], [], 0)[1])


def fill(r, fd, size=125):
    """Writes to a of cable 0, each time waiting for the cable to have seen it,
    until the tty takes no more; returns the number of bytes."""

    def seen():
        stat = r.stat()
        return stat["a_sent"] + stat["a_queued"]

    total, before = 0, seen()
    while writable(fd):
        total += write_some(fd, bytes(size))
        assert total < 1 << 17
        wait_for(lambda: seen() == before + total)
    return total


def measure(lines, seconds):
    """[(src, dst)] -> rates in bytes/s: from the first arrival to the last."""
    first, last, counts, wanted = {}, {}, {}, {}
    for src, dst in lines:
        wanted[src] = wanted.get(src, 0) | select.EPOLLOUT
        wanted[dst] = wanted.get(dst, 0) | select.EPOLLIN
    poller = select.epoll()
    for fd, events in wanted.items():
        poller.register(fd, events)
    block = bytes(8192)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for fd, events in poller.poll(0.1):
            if events & select.EPOLLIN:
                n, now = len(read_some(fd)), time.monotonic()
                counts[fd] = counts[fd] + n if fd in first else 0
                first.setdefault(fd, now)
                last[fd] = now
            if events & select.EPOLLOUT:
                write_some(fd, block)
    poller.close()
    return [counts[dst] / (last[dst] - first[dst]) for _, dst in lines]


def test_carries_all_bytes_both_ways(rack):
    r = rack("baud=3000000")
    a, b = r.pair()
    every = bytes(range(256)) * 40
    assert pass_through(a, b, every, lambda n: n >= len(every)) == every
    assert pass_through(b, a, every, lambda n: n >= len(every)) == every
    stat = r.stat()
    assert stat["a_sent"] == stat["b_sent"] == len(every)
    assert stat["a_queued"] == stat["a_overrun"] == stat["a_dropped"] == 0


def assert_rates(lines, expected, seconds):
    """A machine that is busy with other things is given two more tries."""
    wrong = ["nothing measured"]
    for _ in range(3):
        got = measure(lines, seconds)
        wrong = [
            "%.1f instead of %.1f" % (g, e)
            for g, e in zip(got, expected)
            if abs(g - e) > e / 100
        ]
        for g, e in zip(got, expected):
            print("rate: %9.1f is %+.3f %%" % (e, 100 * (g / e - 1)))
        if not wrong:
            return
    pytest.fail(", ".join(wrong))


def test_rate_is_within_one_per_cent(rack):
    r = rack(*("baud=%d,txbuf=%d" % (rate, rate / 5) for rate in RATES))
    lines = [r.pair(n) for n in range(len(RATES))]
    assert_rates(lines, [rate / 10 for rate in RATES], 1.5)
    assert all(r.stat(n)["a_overrun"] == 0 for n in range(len(RATES)))


def test_rate_is_within_one_per_cent_at_3_mbaud_both_ways(rack):
    r = rack("baud=3000000,txbuf=100000")
    a, b = r.pair()
    assert_rates([(a, b), (b, a)], [300000, 300000], 1.0)


def test_rate_error_bits_and_live_changes_are_honoured(rack):
    r = rack("rate_error=+3.0", "bits=11", "baud=9600", "")
    assert r.ok("set 2.a baud=57600 rate_error=-4") == "ok"
    lines = [r.pair(n) for n in range(4)]
    lines.append(lines[2][::-1])
    expected = [115200 * 0.103, 115200 / 11, 5760 * 0.96, 11520, 960]
    assert_rates(lines, expected, 1.2)


@pytest.mark.parametrize("txbuf", [512, 4096, 20000])
def test_a_writer_sees_a_finite_buffer(rack, txbuf):
    r = rack("txbuf=%d" % txbuf)
    a, _ = r.pair()
    r.ok("stall 0.a")
    assert txbuf <= fill(r, a) < txbuf + 125
    assert not writable(a)
    with pytest.raises(BlockingIOError):
        os.write(a, b"x")
    assert r.stat()["a_stopped"] == 1
    r.ok("set 0 baud=1000000")
    r.ok("flow 0.a")
    wait_for(lambda: writable(a))
    assert r.stat()["a_queued"] < 512


def test_a_writer_that_resumes_its_output_itself_gains_nothing(rack):
    r = rack("txbuf=1024")
    a, _ = r.pair()
    r.ok("stall 0.a")
    fill(r, a)
    for _ in range(100):
        termios.tcflow(a, termios.TCOON)
        write_some(a, b"x")
    wait_for(lambda: not writable(a))
    assert r.stat()["a_queued"] < 1024 + 1200


def test_what_a_writer_flushes_is_not_sent(rack):
    r = rack("")
    a, b = r.pair()
    r.ok("stall 0.a")
    os.write(a, b"old" * 100)
    wait_for(lambda: r.stat()["a_queued"] == 300)
    termios.tcflush(a, termios.TCOFLUSH)
    os.write(a, b"new")
    wait_for(lambda: r.stat()["a_queued"] == 3)
    r.ok("flow 0.a")
    assert read_until(b, 3) == b"new"
    assert r.stat()["a_flushed"] == 300


def test_a_writer_that_flushes_a_full_line_may_write_again(rack):
    r = rack("baud=2400,txbuf=4096")
    a, b = r.pair()
    fill(r, a)
    termios.tcflush(a, termios.TCOFLUSH)
    # No command in between: that would make the cable look.
    wait_for(lambda: writable(a))
    os.write(a, b"new")
    # What had left the terminal before the flush still comes.
    got = bytearray()
    wait_for(lambda: got.extend(read_some(b)) or got.endswith(b"new"))
    assert got.count(b"\0") == len(got) - 3


def damaged(rack, seed, options, cut_into):
    r = rack("baud=0," + options, args=("-s", str(seed)))
    a, b = r.pair()
    n, got = 200000, bytearray()
    for i in range(0, n, cut_into):
        os.write(a, bytes(min(cut_into, n - i)))
        want = lambda: r.stat()["a_sent"] >= min(n, i + cut_into)
        if i + cut_into >= n or i // cut_into % 8 == 7:
            wait_for(want)
        got += read_some(b)
    r.ok("set 0 drop=0 ber=0")
    os.write(a, b"\xffend")
    wait_for(lambda: got.extend(read_some(b)) or got.endswith(b"\xffend"))
    return bytes(got[:-4]), r.stat()


def test_ber_is_as_set_and_repeats_with_the_seed(rack):
    one, stat = damaged(rack, 7, "ber=1e-3", 1000)
    flipped = sum(bin(byte).count("1") for byte in one)
    assert len(one) == 200000
    assert stat["a_flipped"] == flipped
    assert abs(flipped - 1600) < 6 * 1600**0.5
    assert damaged(rack, 7, "ber=1e-3", 777)[0] == one
    assert damaged(rack, 8, "ber=1e-3", 1000)[0] != one


def test_drop_is_as_set_and_repeats_with_the_seed(rack):
    one, stat = damaged(rack, 7, "drop=0.01,ber=1e-4", 1000)
    lost = 200000 - len(one)
    assert stat["a_dropped"] == lost
    assert abs(lost - 2000) < 6 * 2000**0.5
    assert damaged(rack, 7, "drop=0.01,ber=1e-4", 333)[0] == one


def test_damage_concerns_the_set_direction_only(rack):
    r = rack("baud=0")
    a, b = r.pair()
    r.ok("set 0.a ber=1")
    os.write(a, b"\x00\x55")
    os.write(b, b"\x00\x55")
    assert read_until(b, 2) == b"\xff\xaa"
    assert read_until(a, 2) == b"\x00\x55"
    r.ok("set 0.a drop=1")
    os.write(a, b"lost")
    wait_for(lambda: r.stat()["a_dropped"] == 4)
    assert read_some(b) == b""


def test_garbage_comes_on_an_idle_line_only(rack):
    r = rack("baud=1000000,garbage=5000", "baud=115200,garbage=1000")
    _, b = r.pair(0)
    start = time.monotonic()
    noise = read_until(b, 3000)
    assert 0.4 < time.monotonic() - start < 1.5
    assert len(set(noise)) > 200

    a, b = r.pair(1)
    os.write(a, bytes(4000))
    wait_for(lambda: r.stat(1)["a_queued"] > 0)
    before = r.stat(1)["a_garbage"]
    wait_for(lambda: r.stat(1)["a_sent"] > 2000)
    assert r.stat(1)["a_garbage"] == before
    r.ok("set 1 garbage=0")
    settled = r.stat(1)["a_garbage"]
    wait_for(lambda: r.stat(1)["a_sent"] == 4000)
    assert r.stat(1)["a_garbage"] == settled


def test_cut_hangs_up_and_plug_brings_the_names_back(rack):
    r = rack("baud=3000000", "")
    for _ in range(20):
        a, b = r.pair()
        os.write(a, b"hello")
        assert read_until(b, 5) == b"hello"
        os.write(a, bytes(3000))
        r.ok("cut 0")
        for fd, name in zip((a, b), r.names[0]):
            poll = select.poll()
            poll.register(fd, select.POLLIN)
            hup = select.POLLIN | select.POLLHUP | select.POLLERR
            assert poll.poll(1000)[0][1] & hup == hup
            assert not os.path.lexists(name)
            with pytest.raises(OSError) as e:
                os.write(fd, b"x")
            assert e.value.errno == errno.EIO
        wait_for(lambda: os.read(b, 65536) == b"")
        assert r.stat()["plugged"] == 0
        r.ok("plug 0")
    assert r.tell("plug 0").startswith("error: ")
    assert len(os.listdir("/proc/%d/fd" % r.process.pid)) < 16
    a, b = r.pair(1)
    os.write(a, b"other")
    assert read_until(b, 5) == b"other"


def test_stall_holds_and_flow_lets_go(rack):
    r = rack("baud=1000000")
    a, b = r.pair()
    r.ok("stall 0.a")
    os.write(a, b"held")
    os.write(b, b"passes")
    assert read_until(a, 6) == b"passes"
    wait_for(lambda: r.stat()["a_queued"] == 4)
    assert read_some(b) == b""
    r.ok("flow 0.a")
    assert read_until(b, 4) == b"held"


def test_injected_bytes_arrive_at_their_end(rack):
    r = rack("ber=1")
    a, b = r.pair()
    assert r.ok("inject 0.a C0db00fF11") == "ok"
    assert read_until(a, 5) == b"\xc0\xdb\x00\xff\x11"
    assert read_some(b) == b""


def test_an_end_outlives_its_user(rack):
    r = rack("baud=1000000")
    a, b = r.pair()
    for _ in range(50):
        os.close(r.fds.pop(0))
        r.fds.insert(0, os.open(r.names[0][0], os.O_RDWR | os.O_NOCTTY))
        os.write(b, b"?")
        assert read_until(r.fds[0], 1) == b"?"
    assert not termios.tcgetattr(b)[3] & (termios.ECHO | termios.ICANON)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: hangs up a tty")
@pytest.mark.parametrize("reopen_first", [True, False])
def test_an_end_outlives_a_hangup(rack, reopen_first):
    r = rack("baud=1000000,txbuf=1000")
    a, b = r.pair()
    if not reopen_first:
        r.process.send_signal(signal.SIGSTOP)
    fcntl.ioctl(a, TIOCVHANGUP)
    if reopen_first:
        a = r.open("a")
    r.process.send_signal(signal.SIGCONT)
    wait_for(lambda: not termios.tcgetattr(r.open("a"))[3] & termios.ECHO)
    a = r.open("a")
    os.write(a, b"again")
    assert read_until(b, 5) == b"again"
    os.write(b, b"and back")
    assert read_until(a, 8) == b"and back"
    r.ok("stall 0.a")
    assert 1000 <= fill(r, a) < 1125
    before = r.cpu_s()
    time.sleep(0.3)
    assert r.cpu_s() - before <= 0.02


def test_a_receiver_that_does_not_read_loses_bytes_and_blocks_nobody(rack):
    r = rack("baud=8000000", "baud=1000000")
    a, b = r.pair(0)
    sent = 0
    while sent < 100000:
        assert select.select([], [a], [], DEADLINE)[1]
        sent += write_some(a, b"\x5a" * min(1000, 100000 - sent))
    wait_for(lambda: r.stat()["a_sent"] == sent)
    stat = r.stat()
    kept = sent - stat["a_overrun"]
    assert 4096 < kept < 40000
    assert stat["a_backlog"] == 4096
    c, d = r.pair(1)
    os.write(c, b"others go on")
    assert read_until(d, 12) == b"others go on"
    before = r.cpu_s()
    time.sleep(0.3)
    assert r.cpu_s() - before <= 0.02
    assert len(read_until(b, kept)) == kept
    wait_for(lambda: r.stat()["a_backlog"] == 0)


def test_flushed_input_takes_the_backlog_along(rack):
    r = rack("baud=8000000")
    a, b = r.pair()
    os.set_blocking(a, True)
    for _ in range(10):
        done = r.stat()["a_sent"] + 40000
        os.write(a, bytes(40000))
        wait_for(lambda: r.stat()["a_sent"] == done)
        assert r.stat()["a_backlog"] == 4096
        termios.tcflush(b, termios.TCIFLUSH)
        wait_for(lambda: r.stat()["a_backlog"] == 0)
        os.write(a, b"fresh")
        assert read_until(b, 5) == b"fresh"


def test_unpaced_is_fast_and_loses_nothing(rack):
    r = rack("baud=0")
    a, b = r.pair()
    data = os.urandom(1 << 16) * 64
    start = time.monotonic()
    got = pass_through(a, b, data, lambda n: n >= len(data))
    seconds = time.monotonic() - start
    assert got == data
    assert seconds < 2
    print("unpaced: %.1f MB/s" % (len(data) / seconds / 1e6))


def test_unpaced_waits_for_a_receiver_that_does_not_read(rack):
    r = rack("baud=0,txbuf=1000")
    a, b = r.pair()
    sent = fill(r, a, 500)
    assert not writable(a)
    stat = r.stat()
    assert stat["a_overrun"] == 0 and stat["a_stopped"] == 1
    assert len(read_until(b, sent)) == sent
    wait_for(lambda: writable(a))


def test_idle_cables_cost_nothing(rack):
    r = rack(*(["baud=921600"] * 40))
    a, b = r.pair()
    os.write(a, b"x")
    read_until(b, 1)
    before = r.switches()
    time.sleep(0.5)
    assert r.switches() - before <= 1


def test_a_busy_cable_is_cheap(rack):
    r = rack("baud=921600")
    lines = [r.pair()]
    before, start = r.cpu_s(), time.monotonic()
    measure(lines, 1.0)
    share = (r.cpu_s() - before) / (time.monotonic() - start)
    print("busy at 921600: %.1f %% of a core" % (share * 100))
    assert share < 0.06


@pytest.mark.parametrize(
    "line",
    [
        "",
        " ",
        "dance 0",
        "cut",
        "cut 1",
        "cut -1",
        "cut x",
        "cut 0.a",
        "cut 0 0",
        "cut 99999999999999999999999",
        "stall 0",
        "stall 0.c",
        "flow",
        "set 0",
        "set 0 baud",
        "set 0 baud=",
        "set 0 baud=fast",
        "set 0 baud=-1",
        "set 0 baud=nan",
        "set 0 baud=1e-300",
        "set 0 bits=0",
        "set 0 rate_error=-100",
        "set 0 txbuf=0",
        "set 0 txbuf=1e18",
        "set 0 ber=1.1",
        "set 0 speed=1",
        "set 0 ber=0.5 drop=2",
        "inject 0.a",
        "inject 0.a 0",
        "inject 0.a 0g",
        "inject 0.a 00 00",
        "inject 0.a 0x00",
        "stat 0 0",
        "quit now",
        "stat\0 0",
        "%n%s" * 30,
        "x" * 300000,
    ],
    ids=lambda line: repr(line[:24]),
)
def test_a_bad_command_is_answered_and_changes_nothing(rack, line):
    r = rack("")
    answer = r.tell(line)
    assert answer.startswith("error: ")
    assert len(answer) < 400
    a, b = r.pair()
    os.write(a, b"fine")
    assert read_until(b, 4) == b"fine"


def test_commands_come_in_any_pieces(rack):
    r = rack("")
    for byte in b"stat 0\n":
        r.process.stdin.write(bytes([byte]))
    assert r.answer().startswith("ok plugged=1 ")
    r.process.stdin.write(b"stall 0.a\nflow 0.a\nbad\n")
    assert [r.answer()[:5] for _ in range(3)] == ["ok", "ok", "error"]


def test_answers_that_nobody_reads_stop_no_cable(rack):
    r = rack("baud=3000000")
    a, b = r.pair()
    os.set_blocking(r.process.stdin.fileno(), False)
    asked, pending = 0, b""
    for _ in range(4000):
        pending = pending or b"stat 0\n"
        n = r.process.stdin.write(pending) or 0
        pending = pending[n:]
        asked += n > 0 and not pending
    os.write(a, b"goes on")
    assert read_until(b, 7) == b"goes on"
    for _ in range(asked):
        assert r.answer().startswith("ok plugged=1 ")


@pytest.mark.parametrize("how", ["quit", "eof", "term"])
def test_its_end_removes_the_names(rack, how):
    r = rack("", "")
    a, _ = r.pair()
    if how == "quit":
        assert r.tell("quit") == "ok"
    elif how == "eof":
        r.process.stdin.close()
    else:
        r.process.send_signal(signal.SIGTERM)
    assert r.process.wait(DEADLINE) == 0
    for pair in r.names:
        assert not any(os.path.lexists(name) for name in pair)
    wait_for(lambda: os.read(a, 1) == b"")


def test_takes_over_a_stale_name_and_no_file(tmp_path):
    (tmp_path / "a0").symlink_to("/dev/pts/gone")
    r = Rack(tmp_path, "", args=("-m", "666"))
    assert os.stat(r.names[0][0]).st_mode & 0o777 == 0o666
    assert os.stat(os.readlink(r.names[0][1])).st_mode & 0o777 == 0o666
    os.unlink(r.names[0][1])
    (tmp_path / "b0").write_text("precious")
    assert r.tell("cut 0") == "ok"
    assert r.tell("plug 0").startswith("error: ")
    assert not os.path.lexists(r.names[0][0])
    assert r.close() == 0
    assert os.listdir(tmp_path) == ["b0"]
    assert (tmp_path / "b0").read_text() == "precious"


@pytest.mark.parametrize(
    "args, status",
    [
        ([], 64),
        (["-x"], 64),
        (["-s", "x", "a:b"], 64),
        (["-m", "9", "a:b"], 64),
        (["a"], 64),
        (["a:"], 64),
        ([":b"], 64),
        (["a:b:c"], 64),
        (["a:a"], 64),
        (["a:b", "c:a"], 64),
        (["a:b,"], 64),
        (["a:b,baud=x"], 64),
        (["a:none/b"], 1),
    ],
    ids=repr,
)
def test_bad_usage_ends_at_once(tmp_path, args, status):
    done = subprocess.run(
        [binary(), *args],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=DEADLINE,
    )
    assert done.returncode == status
    assert done.stderr
    assert done.stdout == b""
    assert os.listdir(tmp_path) == []


def test_help_and_commands_from_a_file(tmp_path):
    out = subprocess.run([binary(), "-h"], capture_output=True, timeout=DEADLINE)
    assert out.returncode == 0 and out.stdout.startswith(b"usage: ")
    (tmp_path / "commands").write_text("cut 0\nplug 0\n")
    with open(tmp_path / "commands") as commands:
        out = subprocess.run(
            [binary(), "a:b"],
            cwd=tmp_path,
            stdin=commands,
            capture_output=True,
            timeout=DEADLINE,
        )
    assert (out.returncode, out.stdout) == (0, b"ready\nok\nok\n")


class Sockets(Rack):
    """A cable between two sockets, as a virtual machine's UARTs have."""

    def __init__(self, options):
        pairs = socket.socketpair(), socket.socketpair()
        self.ends = [ours for ours, _ in pairs]
        theirs = [other for _, other in pairs]
        for end in self.ends:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
        self.names, self.fds, self.answers = [], [], b""
        self.process = subprocess.Popen(
            [binary(), "@%d:@%d,%s" % (*(s.fileno() for s in theirs), options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=[s.fileno() for s in theirs],
        )
        for s in theirs:
            s.close()
        assert self.answer() == "ready"

    def close(self):
        for end in self.ends:
            end.close()
        return super().close()


@pytest.mark.parametrize("rate_error", [-30, 0, 8])
def test_sockets_get_the_rate_of_the_line(rate_error):
    r = Sockets("baud=115200,txbuf=32,rate_error=%d" % rate_error)
    a, b = r.ends
    data = os.urandom(5760)
    nominal = 0.5 / (1 + rate_error / 100)
    b.settimeout(30)
    a.settimeout(30)
    writer = threading.Thread(target=a.sendall, args=(data,))
    start = time.monotonic()
    writer.start()
    got = b""
    while len(got) < len(data):
        got += b.recv(65536)
    elapsed = time.monotonic() - start
    writer.join()
    assert got == data
    assert nominal * 0.97 < elapsed < nominal * 3
    assert r.close() == 0


def test_a_full_line_stops_a_socket(tmp_path):
    r = Sockets("baud=9600,txbuf=32")
    r.ok("stall 0.a")
    end = r.ends[0]
    end.setblocking(False)
    taken = 0

    def is_full():
        nonlocal taken
        try:
            while taken < 4096:
                taken += end.send(b"x")
        except BlockingIOError:
            return r.stat()["a_queued"] == 32
        return False

    wait_for(is_full)
    # What the kernel holds for so small a socket, besides.
    assert 32 < taken <= 64, taken
    r.ok("flow 0.a")
    r.ends[1].settimeout(30)
    got = 0
    while got < taken:
        got += len(r.ends[1].recv(4096))
    assert r.close() == 0
