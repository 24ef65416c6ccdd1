"""A real browser shows the page without errors, requests or sideways scrolling, narrow and wide, light and dark."""

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from halluguard.report import write_report

CHROMIUM = shutil.which("chromium")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on the path: apt-get install chromium")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
]


class Browser:
    """Chromium spoken to over its debugging pipe, so that no socket is needed."""

    def __init__(self, profile: Path) -> None:
        commands, results = os.pipe(), os.pipe()
        theirs = [fcntl.fcntl(commands[0], fcntl.F_DUPFD, 20), fcntl.fcntl(results[1], fcntl.F_DUPFD, 20)]

        def place_pipes() -> None:
            os.dup2(theirs[0], 3)  # the numbers that --remote-debugging-pipe reads from and writes to
            os.dup2(theirs[1], 4)

        self.process = subprocess.Popen(
            [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}"],
            preexec_fn=place_pipes,  # noqa: PLW1509 - the test runs no threads of its own
            close_fds=False,
            stderr=subprocess.DEVNULL,
        )
        for descriptor in (*theirs, commands[0], results[1]):
            os.close(descriptor)
        self.write, self.read = os.fdopen(commands[1], "wb", 0), os.fdopen(results[0], "rb")
        self.number, self.session, self.events, self.buffer = 0, None, [], b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> Any:
        self.number += 1
        session = {"sessionId": self.session} if self.session else {}
        self.write.write(
            json.dumps({"id": self.number, "method": method, "params": params} | session).encode() + b"\0"
        )
        while True:
            message = self.receive()
            if message.get("id") == self.number:
                assert "error" not in message, message
                return message["result"]

    def receive(self) -> dict[str, Any]:
        while b"\0" not in self.buffer:
            piece = self.read.read1(1 << 20)
            assert piece, "chromium ended"
            self.buffer += piece
        data, _, self.buffer = self.buffer.partition(b"\0")
        message = json.loads(data)
        if "method" in message:
            self.events.append(message)
        return message

    def open(self, page: Path) -> None:
        self.events.clear()
        self.call("Page.navigate", url=page.as_uri())
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.receive()

    def evaluate(self, expression: str) -> Any:
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"]["value"]

    def view(self, width: int, scheme: str) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False
        )
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def close(self) -> None:
        self.write.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.read.close()


@pytest.fixture(scope="module")
def browser(library_run, tmp_path_factory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    write_report(library_run, folder / "report.html")
    started = Browser(folder / "profile")
    try:
        started.view(1280, "light")
        started.open(folder / "report.html")
        yield started
    finally:
        started.close()


def test_the_page_asks_for_nothing_and_reports_no_error(browser):
    requests = [
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert len([url for url in requests if url.startswith("file:")]) == 1
    assert not [url for url in requests if not url.startswith(("file:", "data:"))]
    complaints = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")
    assert not [event for event in browser.events if event["method"] in complaints]


@pytest.mark.parametrize("width", [360, 400, 768, 1280, 1920])
def test_nothing_scrolls_sideways(browser, width):
    browser.view(width, "light")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    wide = browser.evaluate(
        "[...document.querySelectorAll('body *:not(svg *)')].filter(e => !e.closest('.unseen, .skip, thead') "
        "&& e.getBoundingClientRect().right > innerWidth + 1).map(e => e.className || e.tagName)"
    )
    assert wide == []


@pytest.mark.parametrize(("scheme", "dark"), [("light", False), ("dark", True)])
def test_the_page_follows_the_colour_scheme(browser, scheme, dark):
    browser.view(1280, scheme)
    colour = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, colour[4:-1].split(","))) < 200) is dark


def test_text_in_charts_keeps_its_size_when_narrow(browser):
    sizes = []
    for width in (400, 1280):
        browser.view(width, "light")
        sizes.append(browser.evaluate("document.querySelector('.plot text').getBoundingClientRect().height"))
    assert sizes[0] == sizes[1]


def test_it_prints(browser):
    assert len(browser.call("Page.printToPDF")["data"]) > 10_000
