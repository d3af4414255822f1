# SPDX-License-Identifier: Apache-2.0
"""Chromium without a window, driven over a pipe by its own protocol (chromedevtools.github.io/devtools-protocol)."""
import base64
import itertools
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

from testing import SLOW, Failure, check, sh, wait_until

PROGRAM = shutil.which("chromium")
OPTIONS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
           "--disable-component-update", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe")
PATIENCE = 60
RULES = "/etc/chromium"		# exists where it is installed
SHOWS_CERTIFICATES = PROGRAM and os.path.isdir(RULES) and all(map(shutil.which, ("certutil", "pk12util", "unshare")))

# An administrator's rule is the one way to have a certificate shown without a window that asks; this one is for it alone.
WITH_RULES = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none %s && mkdir %s/policies && mount --bind "$1" %s/policies && shift && exec "$@"'
              % ((RULES,) * 3), "sh"]


class Page:
    """One page, of which is kept what it asked for and what was wrong."""

    def __init__(self, ns=None, profile=None, within=(), options=()):
        """`profile`: a folder that is made and goes with it; `within`: the command that runs it; `options`: besides ours."""
        self.profile = profile or tempfile.mkdtemp(prefix="wgmesh-chromium.")
        to_browser, self.out = os.pipe()
        self.input, from_browser = os.pipe()
        command = [*within, "bash", "-c", 'exec "$@" 3<&%d 4>&%d' % (to_browser, from_browser), "bash", PROGRAM, *OPTIONS, *options,
                   "--user-data-dir=" + self.profile, "about:blank"]
        log = pathlib.Path(os.environ.get("LOGS", self.profile)) / "chromium.log"
        with open(log, "ab") as output:
            self.process = subprocess.Popen([*(["ip", "netns", "exec", ns] if ns else []), *command], pass_fds=(to_browser, from_browser),
                                            stdout=output, stderr=output, env=dict(os.environ, HOME=self.profile))
        os.close(to_browser)
        os.close(from_browser)
        self.numbers, self.rest, self.session = itertools.count(1), b"", None
        self.requests, self.wrong = [], []
        self._attach()

    def _attach(self):
        target = next(one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.process.terminate()
        self.process.wait()
        os.close(self.input)
        os.close(self.out)
        shutil.rmtree(self.profile, ignore_errors=True)

    # ---- the protocol ----

    def _message(self, deadline):
        while b"\0" not in self.rest:
            left = deadline - time.monotonic()
            ready = left > 0 and select.select([self.input], [], [], left)[0]
            piece = os.read(self.input, 1 << 16) if ready else b""
            if not piece:
                raise Failure("Chromium does not answer")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def _note(self, event):
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.wrong.append(str(params["exceptionDetails"].get("exception", params["exceptionDetails"])))
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning", "assert"):
            self.wrong.append(str(params["args"]))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.wrong.append("%s %s" % (params["entry"]["text"], params["entry"].get("url", "")))

    def call(self, method, **params):
        number = next(self.numbers)
        request = {"id": number, "method": method, "params": params, **({"sessionId": self.session} if self.session else {})}
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        deadline = time.monotonic() + PATIENCE * SLOW
        while (message := self._message(deadline)).get("id") != number:
            self._note(message)
        check("error" not in message, "%s: %r" % (method, message.get("error")))
        return message["result"]

    # ---- what a user does and sees ----

    def open(self, url, width=1280, height=800, dark=False):
        self.size(width, height)
        self.dark(dark)
        self.call("Page.navigate", url=url)

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def dark(self, on):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def run(self, script):
        """What an expression of JavaScript is, once a promise of it is kept."""
        answer = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        check("exceptionDetails" not in answer, "%s: %r" % (script, answer.get("exceptionDetails")))
        return answer["result"].get("value")

    def wait(self, script, what, seconds=60):
        return wait_until(seconds, lambda: self.run(script), what)

    def text(self, selector):
        return self.run("document.querySelector(%s)?.innerText ?? ''" % json.dumps(selector))

    def key(self, name, text=""):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, **({"text": text} if text and kind == "keyDown" else {}))

    def picture(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


def certified(ns, ca, p12, password, origin, *options):
    """A page whose user has the keys of the file `p12`, and shows them to `origin`; `ca`: the authority that it believes."""
    profile = pathlib.Path(tempfile.mkdtemp(prefix="wgmesh-chromium."))
    keys, rules = profile / ".pki/nssdb", profile / "rules"
    keys.mkdir(parents=True)
    (rules / "managed").mkdir(parents=True)
    sh(["certutil", "-d", "sql:%s" % keys, "-N", "--empty-password"])
    sh(["certutil", "-d", "sql:%s" % keys, "-A", "-n", "the mesh", "-t", "C,,", "-i", str(ca)])
    sh(["pk12util", "-d", "sql:%s" % keys, "-i", str(p12), "-W", password, "-K", ""])
    shown = json.dumps({"pattern": origin, "filter": {}})
    (rules / "managed/certificate.json").write_text(json.dumps({"AutoSelectCertificateForUrls": [shown]}))
    return Page(ns, str(profile), [*WITH_RULES, str(rules)], options)
