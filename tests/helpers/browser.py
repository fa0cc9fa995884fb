"""Chromium without a screen, for tests of pages."""

import json
import shutil
from typing import Any

import pytest

WAIT_S = 60
NAMES = ("chromium", "chromium-browser", "google-chrome")


class Browser:
    """A window, and the actions of tests in it."""

    def __init__(self, width: int, height: int) -> None:
        webdriver = pytest.importorskip("selenium.webdriver")
        program = next(filter(None, map(shutil.which, NAMES)), None)
        driver = shutil.which("chromedriver")
        if program is None or driver is None:
            pytest.skip("no Chromium with chromedriver here (apt install chromium chromium-driver)")
        options = webdriver.ChromeOptions()
        options.binary_location = program
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options, webdriver.ChromeService(driver))
        self.driver.set_window_size(width, height)
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.command("Emulation.setDeviceMetricsOverride", **metrics)
        # Colours that fade in would be measured too early.
        self.command("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])

    def command(self, name: str, **values: Any) -> Any:
        """Run a command of Chromium's own protocol and return its result."""
        return self.driver.execute_cdp_cmd(name, values)

    def script(self, code: str, *values: Any) -> Any:
        """Return the result of JavaScript."""
        return self.driver.execute_script(code, *values)

    def all(self, selector: str) -> list[Any]:
        """Return the elements that a CSS selector finds."""
        return self.driver.find_elements("css selector", selector)

    def texts(self, selector: str) -> list[str]:
        """Return the texts of the elements."""
        return [element.text for element in self.all(selector)]

    def until(self, holds: Any, what: str) -> Any:
        """Return the first true value of `holds()`; fail if none comes in time."""
        from selenium.common.exceptions import StaleElementReferenceException
        from selenium.webdriver.support.ui import WebDriverWait

        ignored = [StaleElementReferenceException]
        return WebDriverWait(self.driver, WAIT_S, 0.1, ignored).until(lambda _: holds(), f"{what} did not come")

    def click(self, selector: str, index: int = 0) -> None:
        """Click an element as soon as it is there."""
        element = self.until(lambda: self.all(selector)[index : index + 1], selector)[0]
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def requested(self) -> list[str]:
        """Return the addresses that were requested since the last call."""
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [message for message in messages if message["method"] == "Network.requestWillBeSent"]
        return [message["params"]["request"]["url"] for message in sent]

    def faults(self) -> list[str]:
        """Return the severe messages of the console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
