# SPDX-License-Identifier: Apache-2.0
"""The independent client, tests/peers/grpc-js, as an object: one process, many calls at once."""
import base64
import hashlib
import itertools
import json
import os
import pathlib
import queue
import shutil
import subprocess
import threading
import time

from testing import Failure, note

ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = ROOT / "tests/peers/grpc-js"


class Missing(Exception):
    """Why there is no client on this machine."""


def _cache(source):
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    key = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()[:16]
    return pathlib.Path(base) / "wgmesh" / ("%s-%s" % (source.name, key))


def install(source=SOURCE):
    """The folder of the packages of the client in `source`, fetched once; Missing says what there is not."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            raise Missing("there is no %s here" % tool)
    folder = _cache(source)
    if not (folder / ".complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=folder, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise Missing("npm ci failed: " + (done.stderr.strip().splitlines() or ["?"])[-1])
        (folder / ".complete").touch()
    return folder / "node_modules"


class Answer:
    """How a call ended."""

    def __init__(self, line):
        self.code, self.details, self.reply = line["code"], line["details"], line.get("reply")

    def __repr__(self):
        return "%s %r" % (self.code, self.details)


class Call:
    """One under way. What comes from its stream is in `messages`."""

    def __init__(self, peer, number):
        self.peer, self.number = peer, number
        self.messages = []
        self.ended = queue.Queue()

    def wait(self, seconds=20):
        try:
            return self.ended.get(timeout=seconds)
        except queue.Empty:
            raise Failure("a call has no answer after %g s" % seconds) from None

    def send(self, request):
        """A message, on a stream both ways."""
        self.peer.say({"id": self.number, "op": "send", "request": request})

    def end(self):
        """No more messages."""
        self.peer.say({"id": self.number, "op": "end"})

    def cancel(self):
        self.peer.say({"id": self.number, "op": "cancel"})


class Peer:
    """`ns`: the network namespace that it lives in. Without `protos` it knows nothing of the API."""

    def __init__(self, ns, protos=True):
        environment = dict(os.environ, NODE_PATH=str(install()))
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", ns, "node", str(SOURCE / "client.js"),
             *([str(ROOT / "proto")] if protos else [])],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        self.numbers = itertools.count(1)
        self.calls = {}
        self.lock = threading.Lock()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for text in self.process.stdout:
            line = json.loads(text)
            call = self.calls.get(line["id"])
            if not call:
                continue
            if "code" in line:
                del self.calls[line["id"]]
                call.ended.put(Answer(line))
            else:
                call.messages.append(line["message"])

    def say(self, command):
        with self.lock:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()

    def start(self, operation, to, path, request=None, raw=None, **more):
        call = Call(self, next(self.numbers))
        self.calls[call.number] = call
        command = dict(more, id=call.number, op=operation, to=to, path=path)
        if raw is not None:
            command["raw"] = base64.b64encode(raw).decode()
        else:
            command["request"] = request or {}
        self.say(command)
        return call

    def call(self, to, path, request=None, raw=None, **more):
        answer = self.start("call", to, path, request, raw, **more).wait()
        note("[grpc-js] %s %s %.200r -> %r" % (to["address"], path, request or raw or {}, answer))
        return answer

    def open(self, to, path, request=None, **more):
        return self.start("open", to, path, request, **more)

    def bidi(self, to, path, **more):
        return self.start("bidi", to, path, **more)

    def reflect(self, to, version, questions=(), seconds=20):
        call = self.start("reflect", to, None, version=version, questions=list(questions))
        return call.wait(seconds)

    def forget(self, to):
        self.say({"op": "forget", "to": to})

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=10)


def wait_message(call, seconds=10):
    """The stream's first message."""
    deadline = time.monotonic() + seconds
    while not call.messages:
        if time.monotonic() > deadline:
            raise Failure("the stream has sent nothing in %g s" % seconds)
        time.sleep(0.01)
    return call.messages[0]
