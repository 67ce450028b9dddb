"""Debian's chromium, driven over its debugging pipe. For what looks at the page and for what makes pictures of it."""
import base64
import json
import os
import subprocess


class Browser:
    def __init__(self, profile):
        to_browser, to_us = os.pipe(), os.pipe()

        def wire():
            # Chromium reads 3 and writes 4.
            copies = os.dup2(to_browser[0], 30), os.dup2(to_us[1], 31)
            os.dup2(copies[0], 3)
            os.dup2(copies[1], 4)

        self.process = subprocess.Popen(
            ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
             "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"],
            preexec_fn=wire, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser[0])
        os.close(to_us[1])
        self.writing, self.reading = to_browser[1], to_us[0]
        self.buffer, self.number, self.events, self.session = b"", 0, [], None
        target = [t for t in self.ask("Target.getTargets")["targetInfos"] if t["type"] == "page"][0]["targetId"]
        self.session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(domain + ".enable")

    def ask(self, method, **parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.hear()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def hear(self):
        while b"\0" not in self.buffer:
            data = os.read(self.reading, 1 << 20)
            if not data:
                raise RuntimeError("the browser is gone")
            self.buffer += data
        one, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(one)

    def size(self, size, dark):
        self.ask("Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=size[0] < 600)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def goes(self, action):
        """Does something that leads to another page, and waits until that is there."""
        self.events.clear()
        action()
        while not any(e.get("method") == "Page.loadEventFired" for e in self.events):
            self.events.append(self.hear())

    def open(self, url):
        self.goes(lambda: self.ask("Page.navigate", url=url))

    def run(self, script):
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self, path, size=None):
        """Of the whole page, or of its first so many pixels."""
        clip = {"clip": {"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1}} if size else {}
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", captureBeyondViewport=True, **clip)["data"]))

    def faults(self, origin, mays=()):
        found = []
        for event in self.events:
            method, parameters = event.get("method"), event.get("params", {})
            if method == "Runtime.exceptionThrown":
                found.append("exception: " + str(parameters["exceptionDetails"].get("exception", {}).get("description")))
            if method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
                if not any(may in parameters["entry"]["text"] for may in mays):
                    found.append("log: " + parameters["entry"]["text"])
            if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
                found.append("console: " + str(parameters["args"]))
            if method == "Network.requestWillBeSent":
                url = parameters["request"]["url"]
                if not url.startswith(("data:", "about:")) and not url.startswith(origin + "/"):
                    found.append("asked elsewhere: " + url)
        return found

    def close(self):
        try:
            self.session = None
            self.ask("Browser.close")
        except (RuntimeError, OSError):
            pass
        self.process.wait(20)
