"""The demo's page as a process, and the actions of its readers, for tests in a browser."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from helpers.browser import Browser

WAIT_S = 90


@contextmanager
def serving(app: Path, folder: Path, variables: Mapping[str, str]) -> Iterator[str]:
    """Start the program in a new process and yield the address of its page; its log must have no traceback.

    Args:
        app: the program.
        folder: where it writes its log.
        variables: variables of its environment.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {**variables, "PORT": str(port)}
    log = folder / "log"
    with open(log, "w", encoding="utf-8") as file:
        command = [sys.executable, str(app)]
        process = subprocess.Popen(command, env=environment, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
    try:
        _wait_for(f"http://127.0.0.1:{port}/", process, log)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=WAIT_S)
    assert "Traceback" not in log.read_text(encoding="utf-8")


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    for _ in range(10 * WAIT_S):
        assert process.poll() is None, log.read_text(encoding="utf-8")
        try:
            urllib.request.urlopen(url, timeout=WAIT_S).close()
            return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"no page after {WAIT_S} s:\n{log.read_text(encoding='utf-8')}")


def load(browser: Browser, address: str) -> None:
    browser.driver.get(f"{address}?__theme=light")
    browser.until(lambda: browser.all("#bd-source textarea"), "the text field")


def run_example(browser: Browser, index: int = 0) -> int:
    """Open an example and return the number of rows of its table."""
    open_tab(browser, "Examples")
    browser.until(lambda: len(browser.all(".bd-example")) == 5, "the examples")
    browser.click(".bd-example", index)
    return len(browser.until(lambda: browser.all(".bd-table .bd-row"), "the table"))


def open_tab(browser: Browser, name: str) -> None:
    browser.until(lambda: [tab for tab in browser.all("button[role=tab]") if tab.text == name], name)[0].click()


def upload(browser: Browser, path: Path) -> None:
    if not browser.all("#bd-file input[type=file]"):
        open_tab(browser, "Open a file")
    browser.until(lambda: browser.all("#bd-file input[type=file]"), "the input")[0].send_keys(str(path))


def message(browser: Browser) -> str:
    return browser.until(lambda: browser.texts(".bd-message"), "a message")[0]


def write_text(browser: Browser, text: str) -> None:
    """Replace the text as pasting does; the driver cannot type emoji."""
    area = browser.until(lambda: browser.all("#bd-source textarea"), "the text field")[0]
    browser.script("arguments[0].focus(); arguments[0].select()", area)
    if text:
        browser.command("Input.insertText", text=text)


def select(browser: Browser, name: str) -> None:
    """Select the first occurrence of a name, in the units of the browser."""
    code = """const area = arguments[0], start = area.value.indexOf(arguments[1]);
        area.focus(); area.setSelectionRange(start, start + arguments[1].length)"""
    browser.script(code, browser.all("#bd-source textarea")[0], name)


def mark(browser: Browser, name: str, css_class: str) -> None:
    select(browser, name)
    browser.click(f"button.bd-type.{css_class}")
    browser.until(lambda: name in browser.texts("#bd-preview mark"), name)


def open_correction(browser: Browser) -> None:
    """Show the buttons that mark."""
    if not browser.all("button.bd-type")[:1] or not browser.all("button.bd-type")[0].is_displayed():
        browser.click("#bd-correct > button")
    browser.until(lambda: any(each.is_displayed() for each in browser.all("button.bd-type")), "the buttons")


def preview(browser: Browser) -> list[str]:
    return browser.texts("#bd-preview .bd-text mark")
