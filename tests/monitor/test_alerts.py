import json
import socket
import sqlite3
import threading
from dataclasses import replace
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typer.testing import CliRunner

from halluguard.cli import app
from halluguard.errors import SettingError
from halluguard.monitor import monitor_runs
from halluguard.monitor.alerts import Alert, Outbox, alert_of, deliver, load_settings
from halluguard.monitor.alerts.alert import email_message, slack_payload
from halluguard.monitor.alerts.deliver import channels_for
from halluguard.monitor.alerts.settings import Channel

SECRET = "T0P/s3cret-path"
ALERT = Alert(
    "id-1",
    "2026-03-22T09:00:00+00:00",
    "SEV2",
    "model drift in run",
    "more inventions",
    ("invention (ewma)",),
    "",
    "key-1",
)


class Clock:
    """Seconds that pass only when someone sleeps."""

    def __init__(self, now=1_000_000.0):
        self.now = now
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def hook():
    """A web server that refuses as often as it is told, and keeps what it took."""

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            refuse = server.refuse > 0
            server.refuse -= refuse
            if refuse and server.redirect:
                self.send_response(307)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            else:
                self.send_response(503 if refuse else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()
            server.seen.append((self.path, body, refuse))
            server.keys.append(self.headers["Idempotency-Key"])

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.refuse, server.redirect, server.seen, server.keys = 0, False, [], []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def mail():
    """A real SMTP server that keeps what it took."""
    controller_module = pytest.importorskip("aiosmtpd.controller", reason="aiosmtpd is not installed")

    class Box:
        def __init__(self):
            self.taken = []

        async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the library's name
            self.taken.append((envelope.mail_from, envelope.rcpt_tos, message_from_bytes(envelope.content)))
            return "250 taken"

    box = Box()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        box.port = free.getsockname()[1]
    controller = controller_module.Controller(box, hostname="127.0.0.1", port=box.port)
    controller.start()
    yield box
    controller.stop()


def settings(tmp_path, hook=None, mail=None, **more):
    channels = {}
    if hook is not None:
        channels["ops"] = {"kind": "webhook", "url_env": "OPS_URL"}
        channels["chat"] = {"kind": "slack", "url_env": "CHAT_URL"}
    if mail is not None:
        channels["duty"] = {
            "kind": "email", "host": "127.0.0.1", "port": mail.port, "tls": "none", "sender": "guard@example.org",
            "to": ["duty@example.org"],
        }  # fmt: skip
    document = {"channels": channels, "routes": {"SEV3": list(channels)[:1], "SEV2": list(channels)}, **more}
    path = tmp_path / "alerts.yaml"
    path.write_text(json.dumps(document))  # JSON is YAML
    return load_settings(path)


def environment(hook):
    url = f"http://127.0.0.1:{hook.server_port}/{SECRET}"
    return {"OPS_URL": url, "CHAT_URL": url}


def run(loaded, clock, *alerts, env=None):
    return deliver(loaded, alerts, clock=clock, sleep=clock.sleep, environment=env or {})


@pytest.mark.enable_socket
def test_every_channel_of_a_level_gets_the_alert(tmp_path, hook, mail):
    done = run(settings(tmp_path, hook, mail), Clock(), ALERT, env=environment(hook))
    generic, slack = (body for _, body, _ in hook.seen)
    sender, to, message = mail.taken[0]

    assert (done.raised, done.sent, done.waiting) == (1, 3, 0)
    assert generic == ALERT.as_dict()
    assert slack == {"text": "SEV2 model drift in run. more inventions. Measures: invention (ewma)."}
    assert (sender, to) == ("guard@example.org", ["duty@example.org"])
    assert message["Subject"] == "[halluguard SEV2] model drift in run"
    assert "Key: key-1" in message.get_payload()


@pytest.mark.enable_socket
def test_a_refusal_is_tried_again_with_growing_waits(tmp_path, hook):
    hook.refuse = 2
    clock = Clock()
    loaded = settings(
        tmp_path, hook, routes={"SEV2": ["ops"]}, retry={"attempts": 4, "first_wait_s": 1, "factor": 3}
    )

    assert run(loaded, clock, ALERT, env=environment(hook)).sent == 1
    assert clock.slept == [1, 3]


@pytest.mark.enable_socket
def test_what_could_not_be_sent_is_sent_after_a_restart(tmp_path, hook):
    hook.refuse = 99
    clock = Clock()
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, retry={"attempts": 2, "first_wait_s": 1})
    failed = run(loaded, clock, ALERT, env=environment(hook))
    hook.refuse = 0
    clock.now += 100
    again = run(settings(tmp_path, hook, routes={"SEV2": ["ops"]}), clock, env=environment(hook))

    assert (failed.sent, failed.waiting) == (0, 1)
    assert failed.problems == ("channel ops: HTTP status 503",)
    assert (again.sent, again.waiting) == (1, 0)
    assert [body["id"] for _, body, refused in hook.seen if not refused] == ["id-1"]


@pytest.mark.enable_socket
def test_a_process_killed_between_keeping_and_sending_loses_nothing(tmp_path, hook):
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]})
    Outbox(loaded.outbox).add(ALERT, ["ops"], now=1_000_000.0, repeat_after_s=60)  # and then the process died

    assert run(loaded, Clock(), env=environment(hook)).sent == 1
    assert run(loaded, Clock(), env=environment(hook)).sent == 0


@pytest.mark.enable_socket
def test_the_same_trouble_is_told_once_and_a_graver_level_again(tmp_path, hook):
    loaded = settings(tmp_path, hook, routes={"SEV3": ["ops"], "SEV2": ["ops"], "SEV1": ["ops"]})
    clock, env = Clock(), environment(hook)
    first = run(loaded, clock, ALERT, env=env)
    same = run(loaded, clock, Alert(**{**vars_of(ALERT), "id": "id-2"}), env=env)
    graver = run(loaded, clock, Alert(**{**vars_of(ALERT), "id": "id-3", "level": "SEV1"}), env=env)
    milder = run(loaded, clock, Alert(**{**vars_of(ALERT), "id": "id-4", "level": "SEV3"}), env=env)
    clock.now += 2 * 24 * 3600
    later = run(loaded, clock, Alert(**{**vars_of(ALERT), "id": "id-5"}), env=env)

    assert [done.raised for done in (first, same, graver, milder, later)] == [1, 0, 1, 0, 1]
    assert same.repeated == 1


def vars_of(alert):
    return {name: getattr(alert, name) for name in Alert.__dataclass_fields__}


@pytest.mark.enable_socket
def test_more_than_the_limit_waits_and_is_sent_later(tmp_path, hook):
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, rate_limit={"per_hour": 2})
    clock, env = Clock(), environment(hook)
    alerts = [Alert(**{**vars_of(ALERT), "id": f"id-{n}", "dedup_key": f"key-{n}"}) for n in range(4)]
    done = run(loaded, clock, *alerts, env=env)
    clock.now += 3700

    assert (done.sent, done.waiting) == (2, 2)
    assert "2 alerts in the last hour" in done.problems[0]
    assert run(loaded, clock, env=env).sent == 2
    assert {body["id"] for _, body, _ in hook.seen} == {"id-0", "id-1", "id-2", "id-3"}


@pytest.mark.enable_socket
def test_nobody_answering_leads_up_the_path_and_answering_ends_it(tmp_path, hook):
    steps = [{"after_minutes": 30, "to": ["chat"]}]
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, escalation=steps)
    clock, env = Clock(), environment(hook)
    other = Alert(**{**vars_of(ALERT), "id": "id-2", "dedup_key": "key-2"})
    run(loaded, clock, ALERT, other, env=env)
    assert Outbox(loaded.outbox).acknowledge("key-2", clock.now) == 1
    clock.now += 31 * 60
    done = run(loaded, clock, env=env)

    assert (done.escalated, done.sent) == (1, 1)
    assert "text" in hook.seen[-1][1]
    assert run(loaded, clock, env=env).escalated == 0


@pytest.mark.enable_socket
def test_a_step_tells_a_channel_again_that_had_the_alert_and_nobody_answered(tmp_path, hook):
    steps = [{"after_minutes": 10, "to": "ops"}, {"after_minutes": 20, "to": ["ops", "chat"]}]
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, escalation=steps)
    clock, env = Clock(), environment(hook)
    run(loaded, clock, ALERT, env=env)
    clock.now += 11 * 60
    again = run(loaded, clock, env=env)
    clock.now += 10 * 60
    more = run(loaded, clock, env=env)

    assert [(done.escalated, done.sent) for done in (again, more)] == [(1, 1), (1, 2)]
    assert hook.keys == ["id-1", "id-1-1", "id-1-2", "id-1-2"]
    assert run(loaded, clock, env=env).sent == 0


@pytest.mark.enable_socket
def test_steps_that_are_due_together_tell_a_channel_once(tmp_path, hook):
    steps = [{"after_minutes": 10, "to": "ops"}, {"after_minutes": 20, "to": ["ops", "chat"]}]
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, escalation=steps)
    clock, env = Clock(), environment(hook)
    run(loaded, clock, ALERT, env=env)
    clock.now += 3600
    done = run(loaded, clock, env=env)

    assert (done.escalated, done.sent, len(hook.seen)) == (1, 2, 3)
    assert run(loaded, clock, env=env).escalated == 0


@pytest.mark.enable_socket
def test_a_channel_that_waits_for_an_alert_gets_it_once_after_a_step(tmp_path, hook):
    hook.refuse = 1
    steps = [{"after_minutes": 10, "to": "ops"}]
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, escalation=steps, retry={"attempts": 1})
    clock, env = Clock(), environment(hook)
    run(loaded, clock, ALERT, env=env)
    clock.now += 3600

    assert run(loaded, clock, env=env).sent == 1
    assert [refused for _, _, refused in hook.seen] == [True, False]


@pytest.mark.enable_socket
def test_an_outbox_of_an_earlier_version_is_kept_and_goes_on(tmp_path, hook):
    loaded = settings(
        tmp_path, hook, routes={"SEV2": ["ops"]}, escalation=[{"after_minutes": 10, "to": "ops"}]
    )
    clock, env = Clock(), environment(hook)
    run(loaded, clock, ALERT, env=env)
    with sqlite3.connect(loaded.outbox) as box:
        box.executescript(EARLIER)
    box.close()
    clock.now += 3600

    assert run(loaded, clock, env=env).sent == 1
    assert hook.keys == ["id-1", "id-1-1"]


EARLIER = """
ALTER TABLE deliveries RENAME TO newer;
CREATE TABLE deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, alert_id TEXT NOT NULL REFERENCES alerts(id), channel TEXT NOT NULL,
    due REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, delivered REAL, problem TEXT NOT NULL DEFAULT '',
    UNIQUE (alert_id, channel)
);
INSERT INTO deliveries SELECT number, alert_id, channel, due, attempts, delivered, problem FROM newer;
DROP TABLE newer;
"""


@pytest.mark.enable_socket
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://127.0.0.1:{port}/B000/" + SECRET + " token", "InvalidURL"),
        ("http://127.0.0.1:" + SECRET + "/x", "InvalidURL"),
        ("http://[" + SECRET, "OPS_URL holds no http or https address"),
        ("http://127.0.0.1:{other}/" + SECRET, "BadStatusLine"),
        ("http://" + "a" * 70 + "é.example/" + SECRET, ""),
    ],
    ids=["a space", "a port of letters", "an open bracket", "no web server", "no host's name"],
)
def test_an_address_of_no_use_is_one_line_without_it_and_the_next_channel_is_told(
    tmp_path, hook, not_http, address, told
):
    loaded = settings(tmp_path, hook, retry={"attempts": 1})
    bad = address.format(port=hook.server_port, other=not_http)
    done = run(loaded, Clock(), ALERT, env={**environment(hook), "OPS_URL": bad})

    assert (done.sent, done.waiting, len(done.problems)) == (1, 1, 1)
    assert done.problems[0].startswith(f"channel ops: {told}")
    assert "B000" not in done.problems[0]
    assert SECRET not in done.problems[0]
    assert SECRET.encode() not in loaded.outbox.read_bytes()


@pytest.fixture
def not_http():
    """The port of a server that speaks another protocol."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            taken, _ = server.accept()
            with taken:
                taken.recv(4096)
                taken.sendall(b"220 mail ready\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.enable_socket
def test_a_sender_that_is_none_is_one_line_and_the_next_channel_is_told(tmp_path, hook, mail):
    loaded = settings(tmp_path, hook, mail, routes={"SEV2": ["duty", "ops"]}, retry={"attempts": 1})
    channels = {
        **loaded.channels,
        "duty": replace(loaded.channels["duty"], sender="a@example.org\nBcc: b@example.org"),
    }
    done = run(replace(loaded, channels=channels), Clock(), ALERT, env=environment(hook))

    assert (done.sent, done.problems) == (1, ("channel duty: ValueError",))


@pytest.mark.enable_socket
def test_a_login_that_cannot_be_encoded_is_one_line_and_the_next_channel_is_told(tmp_path, hook, login):
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, retry={"attempts": 1})
    duty = Channel(
        "duty", "email", host="127.0.0.1", port=login, tls="none", sender="a@example.org", to=("b@example.org",),
        user_env="USER", password_env="WORD",
    )  # fmt: skip
    both = replace(loaded, channels={**loaded.channels, "duty": duty}, routes={"SEV2": ("duty", "ops")})
    done = run(both, Clock(), ALERT, env={**environment(hook), "USER": "me", "WORD": "pässwört"})

    assert (done.sent, done.problems) == (1, ("channel duty: UnicodeEncodeError",))


@pytest.fixture
def login():
    """The port of a mail server that asks for a login."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            taken, _ = server.accept()
            with taken, taken.makefile("rwb", 0) as stream:
                stream.write(b"220 ready\r\n")
                for line in stream:
                    greeted = line.upper().startswith(b"EHLO")
                    stream.write(b"250-x\r\n250 AUTH PLAIN LOGIN\r\n" if greeted else b"221 bye\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


@pytest.mark.enable_socket
def test_no_secret_is_in_the_outbox_nor_in_a_problem(tmp_path, hook):
    hook.refuse = 1
    loaded = settings(tmp_path, hook, retry={"attempts": 1})
    done = run(
        loaded,
        Clock(),
        ALERT,
        env={"OPS_URL": f"http://127.0.0.1:9/{SECRET}", "CHAT_URL": environment(hook)["CHAT_URL"]},
    )
    kept = loaded.outbox.read_bytes()

    assert len(done.problems) == 2
    assert SECRET.encode() not in kept
    assert SECRET not in " ".join(done.problems)
    assert "127.0.0.1" not in " ".join(done.problems)


@pytest.mark.enable_socket
def test_a_redirect_is_a_failure(tmp_path, hook):
    hook.refuse, hook.redirect = 1, True
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, retry={"attempts": 1})

    assert run(loaded, Clock(), ALERT, env=environment(hook)).problems == ("channel ops: HTTP status 307",)


@pytest.mark.enable_socket
def test_a_secret_that_is_not_set_keeps_the_alert(tmp_path, hook):
    done = run(settings(tmp_path, hook, routes={"SEV2": ["ops"]}, retry={"attempts": 1}), Clock(), ALERT)

    assert done.waiting == 1
    assert "OPS_URL is not set" in done.problems[0]


def test_the_outbox_is_whole_after_a_failed_write(tmp_path):
    outbox = Outbox(tmp_path / "box.sqlite")
    outbox.add(ALERT, ["ops"], now=1.0, repeat_after_s=60)

    def fail():
        with outbox._transaction() as connection:
            connection.execute("DELETE FROM deliveries")
            raise sqlite3.OperationalError("the disk is full")

    with pytest.raises(SettingError, match="the disk is full"):
        fail()

    assert [due.alert for due in outbox.due(2.0)] == [ALERT]


@pytest.mark.enable_socket
def test_what_one_process_is_sending_no_other_sends(tmp_path, hook):
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]})
    clock, env, others = Clock(), environment(hook), []

    class Interrupted(dict):
        def get(self, *of):
            others.append(run(loaded, Clock(), env=env))  # a second process, while the first one sends
            return super().get(*of)

    done = run(loaded, clock, ALERT, env=Interrupted(env))

    assert (done.sent, [other.sent for other in others]) == (1, [0])
    assert hook.keys == ["id-1"]


@pytest.mark.enable_socket
def test_what_a_process_had_claimed_that_died_is_sent_when_the_claim_ends(tmp_path, hook):
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]})
    outbox, clock, env = Outbox(loaded.outbox), Clock(), environment(hook)
    outbox.add(ALERT, ["ops"], now=clock.now, repeat_after_s=60)
    (due,) = outbox.due(clock.now)
    assert outbox.claim(due.number, seen=due.due, until=clock.now + 300)  # and then the process died
    held = run(loaded, clock, env=env)
    clock.now += 301

    assert (held.sent, held.waiting) == (0, 1)
    assert run(loaded, clock, env=env).sent == 1


@pytest.mark.enable_socket
def test_what_another_process_sent_during_a_wait_is_not_sent_again(tmp_path, hook):
    hook.refuse = 1
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]})
    clock, env, others = Clock(), environment(hook), []

    def wait(seconds):
        clock.now += seconds
        others.append(run(loaded, clock, env=env))

    done = deliver(loaded, (ALERT,), clock=clock, sleep=wait, environment=env)

    assert (done.sent, [other.sent for other in others]) == (0, [1])
    assert hook.keys == ["id-1", "id-1"]


@pytest.mark.enable_socket
def test_a_step_that_waits_is_taken_back_when_someone_takes_the_alert_over(tmp_path, hook):
    steps = [{"after_minutes": 10, "to": "chat"}]
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"]}, escalation=steps, retry={"attempts": 1})
    clock, env, outbox = Clock(), environment(hook), Outbox(loaded.outbox)
    run(loaded, clock, ALERT, env=env)
    hook.refuse = 1
    clock.now += 11 * 60
    assert run(loaded, clock, env=env).waiting == 1
    assert outbox.acknowledge("key-1", clock.now) == 1
    clock.now += 3600
    done = run(loaded, clock, env=env)

    assert (done.sent, done.waiting) == (0, 0)
    assert not outbox.escalate("id-1", ["chat"], step=2, now=clock.now)
    assert outbox.waiting() == 0


class PartlyRefusing:
    """A mail server that knows one of two recipients; `taken` counts its mails."""

    taken = 0

    def __init__(self, *_, **__):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def send_message(self, _):
        type(self).taken += 1
        return {"typo@example.org": (550, b"no such user")}


def test_a_recipient_refused_is_told_and_the_others_get_the_mail_once(tmp_path, monkeypatch):
    monkeypatch.setattr("halluguard.monitor.alerts.channels.smtplib.SMTP", PartlyRefusing)
    duty = {"kind": "email", "host": "h", "tls": "none", "sender": "guard@example.org"}
    path = tmp_path / "alerts.yaml"
    to = ["duty@example.org", "typo@example.org"]
    path.write_text(json.dumps({"channels": {"duty": {**duty, "to": to}}, "routes": {"SEV2": "duty"}}))
    loaded, clock = load_settings(path), Clock()
    done = run(loaded, clock, ALERT)
    clock.now += 3600

    assert (done.sent, done.waiting) == (1, 0)
    assert done.problems == ("channel duty: 1 of 2 recipients refused",)
    assert run(loaded, clock).sent == 0
    assert PartlyRefusing.taken == 1


def test_something_else_in_place_of_the_outbox_is_refused(tmp_path):
    (tmp_path / "box.sqlite").write_text("not a database, " * 100)
    with pytest.raises(SettingError, match="not a usable outbox"):
        Outbox(tmp_path / "box.sqlite").waiting()


def test_an_outbox_that_cannot_be_opened_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "box.sqlite"):
        with pytest.raises(SettingError, match="the outbox cannot be opened"):
            Outbox(path).waiting()


def test_alert_settings_of_no_use_end_the_call_before_anything_is_told(make_run, tmp_path):
    runs = [str(make_run("b", 200, seed=1, bad=0.5).path), "--baseline", str(make_run("a", 200).path)]
    for options, told in (
        (["--alerts", str(tmp_path / "missing.yaml")], "missing.yaml"),
        (["--acknowledge", "key"], "needs --alerts"),
    ):
        done = CliRunner().invoke(app, ["monitor", *runs, "--no-embeddings", "--json", *options])
        assert done.stdout == ""
        assert isinstance(done.exception, SettingError)
        assert told in str(done.exception)


def test_a_key_of_no_open_alert_does_not_keep_back_the_alert_of_a_result(make_run, tmp_path):
    runs = [str(make_run("b", 200, seed=1, bad=0.5).path), "--baseline", str(make_run("a", 200).path)]
    path = tmp_path / "alerts.yaml"
    path.write_text(json.dumps({**USABLE, "retry": {"attempts": 1}}))
    options = ["--alerts", str(path), "--acknowledge", "stale"]
    done = CliRunner().invoke(app, ["monitor", *runs, "--no-embeddings", "--json", *options])

    assert done.exit_code == 1
    assert json.loads(done.stdout)
    assert "alerts: 1 raised" in done.stderr
    assert "'stale' names no open alert" in done.stderr
    alone = CliRunner().invoke(app, ["monitor", *options])
    assert isinstance(alone.exception, SettingError)


@pytest.mark.parametrize("way", ["file", "stdout"])
def test_an_output_that_fails_costs_no_alert(make_run, tmp_path, monkeypatch, way):
    runs = [str(make_run("b", 200, seed=1, bad=0.5).path), "--baseline", str(make_run("a", 200).path)]
    path = tmp_path / "alerts.yaml"
    path.write_text(json.dumps({**USABLE, "retry": {"attempts": 1}}))
    (tmp_path / "file").write_text("")
    options = ["--no-embeddings", "--alerts", str(path)]
    if way == "file":
        options += ["-o", str(tmp_path / "file" / "m.json")]
    else:
        monkeypatch.setattr("halluguard.cli.watching.print_json", closed_pipe)
        options += ["--json"]
    done = CliRunner().invoke(app, ["monitor", *runs, *options])

    assert isinstance(done.exception, OSError)
    assert Outbox(tmp_path / "alerts.sqlite").waiting() == 1


def closed_pipe(_):
    raise BrokenPipeError


def test_the_figures_are_written_into_a_folder_that_is_made(make_run, tmp_path):
    run = make_run("a", 200).path
    output = tmp_path / "new" / "m.json"
    options = ["--baseline", str(run), "--no-embeddings", "-o", str(output)]
    CliRunner().invoke(app, ["monitor", str(run), *options])

    assert json.loads(output.read_text())["exit_code"] == 0


def test_an_alert_holds_no_text_of_a_log_and_the_same_key_for_the_same_trouble(make_run):
    result = monitor_runs([make_run("b", 200, seed=1, bad=0.5)], make_run("a", 200))
    first = alert_of(result, time="2026-03-22T09:00:00+00:00", subject="b")
    later = alert_of(result, time="2026-03-23T09:00:00+00:00", subject="b")

    assert first.level == "SEV2"
    assert first.dedup_key == later.dedup_key
    assert first.id != later.id
    assert "question 1" not in json.dumps(first.as_dict())
    elsewhere = alert_of(result, time="2026-03-22T09:00:00+00:00", subject="b", place="/bots/other/b")
    assert elsewhere.title == first.title
    assert elsewhere.dedup_key != first.dedup_key
    assert alert_of(monitor_runs([make_run("c", 100)], make_run("d", 100)), time="", subject="c") is None


def test_runs_of_one_name_in_two_folders_raise_an_alert_each_and_are_told_by_name(make_run, tmp_path):
    for bot in ("one", "two"):
        (tmp_path / bot).mkdir()
        make_run(f"{bot}/run", 200, seed=1, bad=0.5)
    make_run("healthy", 200)
    path = tmp_path / "alerts.yaml"
    path.write_text(json.dumps({**USABLE, "retry": {"attempts": 1}}))
    options = ["--baseline", str(tmp_path / "healthy"), "--no-embeddings", "--alerts", str(path)]
    told = [
        CliRunner().invoke(app, ["monitor", str(tmp_path / bot / "run"), *options])
        for bot in ("one", "two", "one")
    ]

    assert [done.exit_code for done in told] == [1, 1, 1]
    assert [line.split(" raised")[0] for done in told for line in done.stderr.splitlines()[:1]] == [
        "alerts: 1",
        "alerts: 1",
        "alerts: 0",
    ]
    assert {due.alert.title.rsplit(" in ", 1)[1] for due in Outbox(tmp_path / "alerts.sqlite").due(2e12)} == {
        "run"
    }


def test_hostile_titles_neither_mention_nor_break_a_header():
    hostile = Alert(**{**vars_of(ALERT), "title": "x <!channel> <http://a|b>\r\nBcc: all@example.org"})

    assert "<" not in slack_payload(hostile)["text"]
    message = email_message(hostile, sender="a@example.org", to=("b@example.org",))
    assert message["Bcc"] is None
    assert "\n" not in message["Subject"]


def test_a_date_that_is_none_is_one_line(tmp_path):
    (tmp_path / "alerts.yaml").write_text("repeat_after_minutes: 2026-13-45\n")
    with pytest.raises(SettingError, match=r"alerts.yaml: cannot be read as YAML \(month must be in 1..12"):
        load_settings(tmp_path / "alerts.yaml")


USABLE = {"channels": {"x": {"kind": "slack", "url_env": "U"}}, "routes": {"SEV2": ["x"]}}


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ({"channels": {"x": {"kind": "webhook", "url": "http://secret"}}}, "url stands in the file"),
        (
            {"channels": {"x": {"kind": "email", "host": "h", "sender": "s", "to": "t", "password": "p"}}},
            "password stands",
        ),
        ({"channels": {"x": {"kind": "pigeon", "url_env": "U"}}}, "'pigeon'"),
        ({"channels": {"x": {"kind": "webhook"}}}, "url_env is missing"),
        ({"channels": {"x": {"kind": "webhook", "url_env": "U", "colour": 1}}}, "'colour'"),
        ({"channels": {}}, "none given"),
        ({"channels": {"x": {"kind": "slack", "url_env": "U"}}}, "routes: none given"),
        ({"channels": {"x": {"kind": "slack", "url_env": "U"}}, "routes": {"SEV9": ["x"]}}, "'SEV9'"),
        ({"channels": {"x": {"kind": "slack", "url_env": "U"}}, "routes": {"SEV2": ["y"]}}, "no channel 'y'"),
        ({**USABLE, "routes": {"SEV2": ["x"], "SEV3": None}}, "routes.SEV3: no channel given"),
        ({**USABLE, "routes": {"SEV2": []}}, "routes.SEV2: no channel given"),
        ({"chanels": {}}, "'chanels'"),
        ([1], "expected a mapping"),
        ({"channels": [1]}, r"channels: expected a mapping, found \[1\]"),
        ({**USABLE, "retry": {"attempts": 0}}, "retry.attempts is 0. Expected a whole number from 1 to 100"),
        ({**USABLE, "retry": {"attempts": "4"}}, "retry.attempts is '4'. Expected a whole number"),
        ({**USABLE, "retry": {"attempts": True}}, "retry.attempts is True"),
        ({**USABLE, "retry": {"factor": 0.5}}, "retry.factor is 0.5. Expected a number from 1 to 100"),
        ({**USABLE, "retry": {"first_wait_s": float("nan")}}, "retry.first_wait_s is "),
        ({**USABLE, "retry": {"tries": 3}}, "retry: unknown field 'tries'"),
        ({**USABLE, "retry": 3}, "retry: expected a mapping, found 3"),
        ({**USABLE, "rate_limit": {"per_hour": 0}}, "rate_limit.per_hour is 0"),
        ({**USABLE, "repeat_after_minutes": "1h"}, "repeat_after_minutes is '1h'"),
        ({**USABLE, "escalation": {"to": "x"}}, "escalation: expected a list"),
        ({**USABLE, "escalation": [{"after_minutes": 5}]}, r"escalation\[1\]: expected after_minutes and to"),
        (
            {**USABLE, "escalation": [{"after_minutes": "5", "to": "x"}]},
            r"escalation\[1\].after_minutes is '5'",
        ),
        (
            {"channels": {"x": {"kind": "slack", "url_env": "U", "timeout_s": "10"}}},
            "channels.x.timeout_s is '10'. Expected a number from 0.1 to 3600",
        ),
        ({"channels": {"x": {"kind": "slack", "url_env": 5}}}, "channels.x.url_env is 5. Expected a text"),
        (
            {"channels": {"x": {"kind": "email", "host": "h", "sender": "s", "to": "t", "port": "25"}}},
            "channels.x.port is '25'",
        ),
        (
            {"channels": {"x": {"kind": "email", "host": "h", "sender": "s", "to": "t", "user_env": "U"}}},
            "channels.x: password_env is missing beside user_env",
        ),
    ],
)
def test_settings_name_the_field_that_is_wrong(tmp_path, document, told):
    path = tmp_path / "alerts.yaml"
    path.write_text(json.dumps(document))
    with pytest.raises(SettingError, match=told) as refused:
        load_settings(path)
    assert "http://secret" not in str(refused.value)


@pytest.mark.enable_socket
def test_a_level_without_a_route_goes_to_the_next_graver_one(tmp_path, hook):
    loaded = settings(tmp_path, hook, routes={"SEV2": ["ops"], "SEV0": ["chat"]})

    assert [channels_for(loaded, level) for level in ("SEV3", "SEV2", "SEV1", "SEV0")] == [
        ("ops",),
        ("ops",),
        ("chat",),
        ("chat",),
    ]


def test_settings_nested_too_deep_are_one_line(tmp_path):
    (tmp_path / "alerts.yaml").write_text("channels: " + "[" * 20_000)
    with pytest.raises(SettingError, match=r"alerts\.yaml: cannot be read as YAML \(.*recursion"):
        load_settings(tmp_path / "alerts.yaml")
