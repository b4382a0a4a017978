"""The control socket: what it answers, to whom, and that each field that
serial-router-control(7) documents is there."""

import json
import os
import signal
import stat
import subprocess
import threading

import pytest

from cable import END
from control import (Client, ask, client, examples, missing_fields, show,
                     socat)
from lab import A4, B4, Pair, Single
from router import link
from wait import wait_for

# Numbers that nobody has; no names are needed.
USER, GROUP, OTHER, ADMIN, ADMINS = 64100, 64101, 64102, 64103, 64104


@pytest.fixture(scope="module")
def pair(shared):
    made = Pair(shared)
    made.na.wait_ping(B4)
    return made


@pytest.fixture(scope="module")
def documented():
    return examples()


def check(documented, name, answer):
    assert missing_fields(documented[name], answer) == []


def test_greets_with_product_and_protocol(pair, documented):
    with Client(pair.a.control_path) as c:
        greeting = c.read()
    check(documented, "greeting", greeting)
    assert greeting["pid"] == pair.a.pid


def test_every_documented_field_of_show_is_there(pair, documented):
    answer = ask(pair.a, "show")
    check(documented, "show", answer)
    assert [x["name"] for x in answer["links"]] == ["sl0"]
    assert set(answer) == {"daemon", "links"}
    assert answer["daemon"]["control"]["path"] == pair.a.control_path
    assert answer["daemon"]["file"] == pair.a.file


def test_no_field_of_show_is_undocumented(pair, documented):
    """Causes of drops are named by serial-routerd(8)."""
    answer = ask(pair.a, "show")
    assert [x for x in missing_fields(answer, documented["show"])
            if ".dropped." not in x and ".marked." not in x] == []


def test_shows_what_is_so(pair):
    s = show(pair.a)
    assert (s["state"], s["reason"], s["flags"]) == ("up", None, [])
    assert s["since_s"] >= 0
    assert s["pump"]["pid"] == pair.a.pump()
    assert set(s["interface"].pop("addresses")) == {
        x.replace(" ", " peer ") for x in pair.na.addresses("sl0")}
    assert s["interface"] == {
        "name": "sl0", "index": pair.na.index("sl0"), "mtu": 1500,
        "up": True, "carrier": True}
    assert s["port"]["baud"] == 921600
    assert s["port"]["device"] == pair.cable.a[0]
    assert s["port"]["node"] == os.path.realpath(pair.cable.a[0])
    assert s["port"]["capacity_bytes_per_s"] == 92160


def test_counts_as_sigusr1_does_and_balances(pair):
    before = show(pair.a)
    assert pair.na.ping("-c5", "-i0.01", B4) == 5
    after = show(pair.a)
    assert after["tx"]["packets"] - before["tx"]["packets"] >= 5
    assert after["rx"]["packets"] - before["rx"]["packets"] >= 5
    for s in (before, after):
        tx, rx = s["tx"], s["rx"]
        assert tx["in_packets"] == (tx["packets"] + s["queue"]["packets"] +
                                    sum(tx["dropped"].values()))
        assert rx["frames"] == rx["packets"] + sum(rx["dropped"].values())
    assert sum(after["tx"]["delay_ms"]["count"]) >= after["tx"]["packets"]
    assert len(after["tx"]["delay_ms"]["le"]) == len(
        after["tx"]["delay_ms"]["count"]) == 12
    assert after["tx"]["busy_s"] > before["tx"]["busy_s"]
    assert after["queue"]["limit_bytes"] > 0
    logged = pair.a.status()
    assert set(after["tx"]["dropped"]) == {
        k[8:].replace("-", "_") for k in logged["to-line"]
        if k.startswith("dropped-")}
    assert set(after["rx"]["dropped"]) == {
        k[8:].replace("-", "_") for k in logged["from-line"]
        if k.startswith("dropped-")}


def test_each_reading_request_by_socat(pair, documented):
    def get(request):
        docs, complaints = socat(pair.a.control_path, request + "\n")
        assert complaints == ""
        check(documented, "greeting", docs[0])
        assert len(docs) == 2, docs
        return docs[1]

    check(documented, "show", get("show"))
    check(documented, "show", get("show sl0"))
    check(documented, "version", get("version"))
    check(documented, "config", get("config"))
    check(documented, "error", get("show nobody"))
    assert get("show nobody")["error"] == {
        "code": "unknown-link", "text": 'there is no link "nobody"',
        "next": "links: sl0"}
    assert get("fnord")["error"]["code"] == "unknown-verb"
    assert get("show a b")["error"]["text"] == "expected: show [LINK]"
    assert get("")["error"]["code"] == "syntax"


def test_config_is_a_file_that_means_the_same(pair, tmp_path):
    text = ask(pair.a, "config")["config"]
    printed = subprocess.run(
        [os.environ["SERIAL_ROUTERD"], "-T", "-c", pair.a.file],
        stdout=subprocess.PIPE, text=True, check=True).stdout
    assert text == printed
    path = tmp_path / "again.conf"
    path.write_text(text)
    again = subprocess.run(
        [os.environ["SERIAL_ROUTERD"], "-T", "-c", str(path)],
        stdout=subprocess.PIPE, text=True, check=True).stdout
    assert again == text


def test_a_half_closed_client_gets_its_answer(pair):
    with client(pair.a) as c:
        c.send("version\nshow")
        c.half_close()
        assert c.read()["version"]
        assert c.read()["links"][0]["name"] == "sl0"
        assert c.read() is None


def test_answers_in_the_order_of_the_requests(pair):
    with client(pair.a) as c:
        c.send("version\r\n" + "show sl0\nshow no\n" * 300 + "version\n")
        assert "version" in c.read()
        for _ in range(300):
            assert c.read()["links"][0]["name"] == "sl0"
            assert c.read()["error"]["code"] == "unknown-link"
        assert "version" in c.read()


def test_a_request_may_have_4096_bytes_and_no_more(pair):
    with client(pair.a) as c:
        c.send("show sl0".ljust(4095) + "\n")
        assert c.read()["links"][0]["name"] == "sl0"
        c.send("x" * 4095 + "\n")
        assert c.read()["error"]["code"] == "unknown-verb"
        c.send("version\n" + "show sl0".ljust(4096))
        assert "version" in c.read()
        assert c.read()["error"]["code"] == "too-long"
        assert c.read() is None


def test_bytes_that_are_no_request(pair):
    with client(pair.a) as c:
        for junk in (b"\0\n", b"\xff\xfe\n", b"show \x1b[31m\n", b"\r\n",
                     b"GET / HTTP/1.1\n", b'{"show":1}\n'):
            c.socket.sendall(junk)
            assert c.read()["error"]["code"] in ("syntax", "unknown-verb")
        assert "version" in c.ask("version")


def test_the_socket_is_for_its_group_alone(lab):
    r = lab.router(lab.namespace(), [], control="group: %d;" % GROUP)
    st = os.stat(r.control_path)
    assert stat.S_ISSOCK(st.st_mode)
    assert (stat.S_IMODE(st.st_mode), st.st_uid, st.st_gid) == (
        0o660, 0, GROUP)
    assert stat.S_IMODE(os.stat(r.control_path + ".lock").st_mode) == 0o600
    assert r.stop() == 0
    assert not os.path.exists(r.control_path)


def as_user(uid, gid, *groups):
    return {"user": uid, "group": gid, "extra_groups": groups}


def denied(docs):
    return docs[1]["error"]["text"] if (
        docs[1].get("error", {}).get("code") == "denied") else None


@pytest.fixture(scope="module")
def guarded(shared):
    return shared.router(
        shared.namespace(), [link("sl0", "/dev/ttyNONE0")],
        control='group: %d; admins: ( "%d", "@%d" );' % (GROUP, ADMIN, ADMINS))


def test_a_stranger_is_refused_by_the_kernel(guarded):
    docs, complaints = socat(guarded.control_path, "show\n",
                             **as_user(USER, OTHER))
    assert docs == []
    assert "Permission denied" in complaints


@pytest.mark.parametrize("who", [as_user(USER, GROUP),
                                 as_user(USER, OTHER, GROUP)],
                         ids=["group", "supplementary"])
def test_a_member_reads_and_does_not_change(guarded, who):
    for request in ("show", "show sl0", "config", "version"):
        docs, _ = socat(guarded.control_path, request + "\n", **who)
        assert "error" not in docs[1], docs
    for request in ("start sl0", "stop sl0", "restart sl0", "log err"):
        docs, _ = socat(guarded.control_path, request + "\n", **who)
        assert denied(docs) == (
            "the right to change is lacking: user %d is not in "
            "control.admins, nor is a group of his" % USER)
        assert "control.admins" in docs[1]["error"]["next"]
    assert show(guarded)["state"] != "down"


@pytest.mark.parametrize("who", [as_user(ADMIN, GROUP),
                                 as_user(USER, GROUP, ADMINS)],
                         ids=["user", "group"])
def test_an_admin_changes(guarded, who):
    docs, _ = socat(guarded.control_path, "stop sl0\n", **who)
    assert docs[1]["ok"]
    docs, _ = socat(guarded.control_path, "start sl0\n", **who)
    assert docs[1]["ok"]
    guarded.wait_log(r"^sl0: started by user %d" % who["user"])


def test_who_got_in_without_the_right_to_read_is_told_so(lab):
    r = lab.router(lab.namespace(), [], control="group: %d;" % GROUP)
    os.chmod(r.control_path, 0o666)
    who = as_user(USER, OTHER)
    docs, _ = socat(r.control_path, "show\n", **who)
    assert denied(docs) == (
        "the right to read is lacking: user %d is neither in group %d "
        "(control.group) nor in control.admins" % (USER, GROUP))
    docs, _ = socat(r.control_path, "watch\n", **who)
    assert denied(docs)
    docs, _ = socat(r.control_path, "version\n", **who)
    assert docs[1]["protocol"] == 1


def test_stop_start_and_restart(lab, documented):
    s = Single(lab)
    index, pump = s.n.index("sl0"), s.r.pump()
    with client(s.r) as c:
        answer = c.ask("stop sl0")
        check(documented, "start", answer)
        assert answer["state"] == "closing"
        wait_for(lambda: show(s.r)["state"] == "down")
        down = show(s.r)
        assert down["stopped"] and "stopped by request" in down["reason"]
        assert down["pump"] is None
        # It is nobody's to start it by another way.
        s.n.ip("link", "set", "sl0", "down")
        s.n.ip("link", "set", "sl0", "up")
        assert show(s.r)["state"] == "down"
        assert c.ask("start sl0")["ok"]
        s.r.wait_up()
        assert not show(s.r)["stopped"]
        assert s.n.index("sl0") == index
        before = show(s.r)
        assert before["pump"]["pid"] != pump
        assert c.ask("restart sl0")["ok"]
        after = wait_for(lambda: [x for x in [show(s.r)]
                                  if x["state"] == "up" and
                                  x["restarts"] > before["restarts"]])[0]
        assert after["pump"]["pid"] != before["pump"]["pid"]
        assert after["interface"]["index"] == index
        for name in ("start", "stop", "restart"):
            assert c.ask(name + " sl9")["error"]["code"] == "unknown-link"


def test_restart_does_not_wait_for_the_next_try(lab):
    r = lab.router(lab.namespace(), [
        link("sl0", "/dev/null", retry={"first_ms": 600000,
                                        "max_ms": 600000})])
    r.wait_state("BACKOFF")
    s = show(r)
    assert 300 < s["retry_in_s"] <= 600
    assert s["reason"] == s["failure"]["text"]
    assert s["failures"] == 1
    assert ask(r, "restart sl0")["state"] == "opening"
    wait_for(lambda: show(r)["failures"] == 2)


def test_log_sets_the_level(lab, documented):
    r = lab.router(lab.namespace(), [link("sl0", "/dev/ttyNONE0")], args=())
    assert ask(r, "show")["daemon"]["log"] == "info"
    assert " -> " not in r.log()
    check(documented, "log", ask(r, "log debug"))
    assert ask(r, "show")["daemon"]["log"] == "debug"
    ask(r, "restart sl0")
    r.wait_log(r"^sl0: \w+ -> \w+")
    ask(r, "log err")
    since = r.mark()
    ask(r, "stop sl0")
    wait_for(lambda: show(r)["state"] == "down")
    assert r.log(since) == ""


def test_watch_tells_states_as_they_change(lab, documented):
    s = Single(lab)
    with client(s.r) as c:
        first = c.ask("watch")
        check(documented, "state", first)
        assert (first["link"], first["state"]) == ("sl0", "up")
        ask(s.r, "stop sl0")
        seen = [c.read(), c.read()]
        assert [x["state"] for x in seen] == ["closing", "down"]
        assert "stopped by request" in seen[1]["reason"]
        assert seen[1]["monotonic_s"] >= seen[0]["monotonic_s"]
        ask(s.r, "start sl0")
        assert c.read()["state"] == "opening"
        assert c.read()["state"] == "up"


def test_watch_tells_flags(lab):
    line, n = lab.line(), lab.namespace()
    r = lab.router(n, [link("sl0", line.path, addresses=["10.64.0.1/24"],
                            routes=[{"to": "10.65.0.0/16",
                                     "via": "10.99.0.1"}])])
    r.wait_up()
    with client(r) as c:
        (flag,) = c.ask("watch")["flags"]
    assert flag["flag"] == "degraded"
    assert flag["reason"].startswith("route 10.65.0.0/16 via 10.99.0.1: ")
    assert show(r)["flags"] == [flag]


def test_a_silent_peer_is_a_flag(lab):
    s = Single(lab, liveness={"timeout_s": 1})
    with client(s.r) as c:
        c.send("watch\n")
        told = c.read()
        while not told["flags"]:
            told = c.read()
        assert told["state"] == "up"
        [flag] = told["flags"]
        assert flag["flag"] == "silent"
        assert flag["reason"].startswith(
            "nothing is heard from the peer for 1 s: carrier off; is it on")
        s.line.write(END)
        assert c.read()["flags"] == []
    shown = show(s.r)
    assert 0 <= shown["heard_s"] < 20
    assert shown["rx"]["silences"] >= 1


def test_the_round_trip_of_a_probe(lab, documented):
    pair = Pair(lab, a={"liveness": {"interval_s": 1, "probe": B4}})
    s = wait_for(lambda: [x for x in [show(pair.a)]
                          if x["round_trip"]["answered"]])[0]
    found = s["round_trip"]
    assert missing_fields(documented["show"]["links"][0]["round_trip"],
                          found) == []
    assert found["address"] == B4
    assert found["sent"] >= found["answered"] >= 1
    assert 0 < found["least_ms"] <= found["last_ms"]
    assert 0 <= s["heard_s"] < 20
    assert show(pair.b)["round_trip"] is None


def test_watch_shows_at_an_interval(pair, documented):
    with client(pair.a) as c:
        assert c.ask("watch 1")["event"] == "state"
        shows = [c.read() for _ in range(3)]
        assert [x["event"] for x in shows] == ["show"] * 3
        check(documented, "show", shows[0])
        times = [x["daemon"]["monotonic_s"] for x in shows]
        assert times[0] < times[1] < times[2]
        # Answers come between events.
        c.send("version\n")
        assert "version" in wait_for(
            lambda: [x for x in [c.read()] if "version" in x])[0]


def test_a_watcher_that_closed_its_half_goes_on(lab):
    s = Single(lab)
    with client(s.r) as c:
        c.send("watch")
        c.half_close()
        assert c.read()["state"] == "up"
        ask(s.r, "stop sl0")
        assert c.read()["state"] == "closing"
        assert c.read()["state"] == "down"


def sockets(router):
    fds = "/proc/%d/fd" % router.pid
    count = 0
    for fd in os.listdir(fds):
        try:
            count += os.readlink(os.path.join(fds, fd)).startswith("socket:")
        except FileNotFoundError:
            pass
    return count


def test_a_watcher_that_is_gone_is_noticed(lab):
    r = lab.router(lab.namespace(), [])
    before = sockets(r)
    c = client(r)
    c.send("watch\n")
    c.half_close()
    wait_for(lambda: sockets(r) == before + 1)
    c.close()
    wait_for(lambda: sockets(r) == before)


def test_counters_do_not_go_back_when_a_pump_ends(pair):
    pair.na.wait_ping(B4)
    before = show(pair.a)
    os.kill(pair.a.pump(), signal.SIGKILL)
    after = wait_for(lambda: [x for x in [show(pair.a)]
                              if x["state"] == "up" and
                              x["restarts"] > before["restarts"]])[0]
    assert "killed by signal 9" in after["failure"]["text"]
    assert 0 <= after["failure"]["ago_s"] < 60
    for way in ("tx", "rx"):
        for key, value in before[way].items():
            if isinstance(value, int):
                assert after[way][key] >= value, key
            if isinstance(value, dict) and key == "dropped":
                for cause, n in value.items():
                    assert after[way][key][cause] >= n, cause


@pytest.fixture
def reloaded(lab):
    """A daemon, its links, and what changes them."""
    r = lab.router(lab.namespace(), [link("sl0", "/dev/ttyNONE0", 115200),
                                     link("sl1", "/dev/ttyNONE1", 115200)])
    r.wait_state("ABSENT", "sl0")

    def change(*more, **interface):
        r.configure([link("sl0", "/dev/ttyNONE0", 115200, **interface),
                     link("sl1", "/dev/ttyNONE1", 115200), *more])

    r.change = change
    return r


def test_reload_says_what_became_of_each_link(reloaded, documented):
    with client(reloaded) as c, client(reloaded) as watcher:
        assert watcher.ask("watch")["event"] == "state"
        assert watcher.read()["event"] == "state"
        before = ask(reloaded, "show")["daemon"]["loaded"]
        reloaded.change(link("sl2", "/dev/ttyNONE2"), txqueuelen=77)
        answer = c.ask("reload")
        check(documented, "reload", answer)
        made = answer["reload"]
        assert [(x["name"], x["change"], x["keys"], x["refused"])
                for x in made["links"]] == [
            ("sl0", "live", ["interface.txqueuelen"], None),
            ("sl1", "unchanged", [], None),
            ("sl2", "added", [], None)]
        assert made["file"] == reloaded.file
        assert (made["confirm_s"], made["daemon"]) == (None, [])
        told = [watcher.read()]
        while told[-1]["event"] != "reload":
            told.append(watcher.read())
        check(documented, "reloaded", told[-1])
        assert told[-1]["what"] == "applied"
        assert told[-1]["text"].startswith("links: 1 unchanged, 1 live, ")
        shown = c.ask("show")
        assert [x["name"] for x in shown["links"]] == ["sl0", "sl1", "sl2"]
        assert shown["daemon"]["loaded"] > before
        assert shown["daemon"]["confirm"] is None


def test_reload_of_a_bad_file_tells_all_mistakes(reloaded, documented):
    good = open(reloaded.file).read()
    reloaded.write(good.replace("baud = 115200", "baud = 7"))
    with client(reloaded) as c:
        answer = c.ask("reload")
        check(documented, "invalid", answer)
        error = answer["error"]
        assert error["code"] == "invalid"
        assert [(x["file"], x["line"]) for x in error["errors"]] == [
            (reloaded.file, 2)] * 2
        assert error["errors"][0]["text"] == (
            "links[0].port.baud: expected 50 to 16000000, got 7")
        assert "115200" in c.ask("config")["config"]
        os.unlink(reloaded.file)
        assert c.ask("reload")["error"]["code"] in ("failed", "invalid")
        reloaded.write(good)
        assert "reload" in c.ask("reload")


def test_reload_confirm_and_undo(reloaded, documented):
    with client(reloaded) as c:
        for request in ("confirm", "undo"):
            assert c.ask(request)["error"]["code"] == "unavailable"
        reloaded.change(txqueuelen=77)
        assert c.ask("reload confirm 3600")["reload"]["confirm_s"] == 3600
        waits = c.ask("show")["daemon"]["confirm"]
        assert 3000 < waits["seconds_left"] <= 3600
        check(documented, "confirm", c.ask("confirm"))
        assert c.ask("show")["daemon"]["confirm"] is None
        reloaded.change(txqueuelen=78)
        assert c.ask("reload confirm 3600")["reload"]
        answer = c.ask("undo")
        check(documented, "reload", answer)
        assert answer["reload"]["links"][0]["keys"] == ["interface.txqueuelen"]
        assert "txqueuelen = 77" in c.ask("config")["config"]


def test_what_is_asked_behind_a_reload_waits_for_its_end(reloaded):
    with client(reloaded) as c:
        reloaded.change(txqueuelen=77)
        c.send("reload confirm 3600\nconfirm\nreload\nundo\n")
        assert c.read()["reload"]["confirm_s"] == 3600
        assert c.read()["text"] == "the configuration is confirmed"
        assert c.read()["reload"]["confirm_s"] is None
        assert c.read()["error"]["code"] == "unavailable"


def test_a_client_that_leaves_during_its_reload(reloaded):
    for _ in range(10):
        with client(reloaded) as c:
            c.send("reload\n")
    assert "reload" in wait_for(
        lambda: [x for x in [ask(reloaded, "reload")] if "reload" in x])[0]


def test_a_reload_changes_who_may(reloaded):
    who = as_user(USER, GROUP)
    docs, _ = socat(reloaded.control_path, "show\n", **who)
    assert docs == []
    reloaded.control = 'group: %d; admins: ( "%d" );' % (GROUP, USER)
    reloaded.change()
    made = ask(reloaded, "reload")["reload"]
    assert made["live"] == ["control.group", "control.admins"]
    docs, _ = socat(reloaded.control_path, "stop sl0\n", **who)
    assert docs[1]["ok"]


def test_a_watcher_who_may_no_longer_read_is_cut_off(reloaded):
    reloaded.control = "group: %d;" % GROUP
    reloaded.change()
    assert "reload" in ask(reloaded, "reload")
    socat = subprocess.Popen(
        ["socat", "-", "UNIX-CONNECT:" + reloaded.control_path],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        **as_user(USER, GROUP))
    deadline = threading.Timer(60, socat.kill)
    deadline.start()
    try:
        socat.stdin.write(b"watch\n")
        socat.stdin.flush()
        told = [json.loads(socat.stdout.readline()) for _ in range(3)]
        assert [x.get("link") for x in told] == [None, "sl0", "sl1"]
        reloaded.control = "group: %d;" % OTHER
        reloaded.change()
        assert "reload" in ask(reloaded, "reload")
        rest = [json.loads(line) for line in socat.stdout]
    finally:
        deadline.cancel()
        socat.kill()
        socat.wait()
    assert [x["error"]["code"] for x in rest] == ["denied"]


def test_a_stopped_link_stays_so_over_a_reload(reloaded):
    with client(reloaded) as c:
        c.ask("stop sl0")
        reloaded.change(txqueuelen=77)
        assert "reload" in c.ask("reload")
        assert (show(reloaded)["state"], show(reloaded)["stopped"]) == (
            "down", True)
        reloaded.configure([
            link("sl0", "/dev/ttyNONE0", 57600, enabled=False)])
        assert "reload" in c.ask("reload")
        wait_for(lambda: show(reloaded)["reason"].startswith(
            "not enabled"))
        reloaded.configure([link("sl0", "/dev/ttyNONE0", 57600)])
        assert "reload" in c.ask("reload")
        wait_for(lambda: show(reloaded)["state"] == "absent")
