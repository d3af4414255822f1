# SPDX-License-Identifier: Apache-2.0
"""A small runner for tests that drive a whole machine: tests are functions with a sentence for a
name, every command is echoed with the namespace that it runs in, and what a test has set up is
undone in reverse order, whatever happens. The last line is "N passed, N failed"."""
import contextlib
import ctypes
import os
import random
import shlex
import signal
import subprocess
import sys
import time
import traceback

CLONE_NEWNET = 0x40000000

_tests = []
_log = []
_deferred = []
_libc = ctypes.CDLL(None, use_errno=True)
_attempt = 0


# Of everything random in a test's first attempt.
SEED = int(os.environ.get("SEED") or random.randrange(1 << 32))
# Times that a test may be tried; see docs/TESTING.md.
ATTEMPTS = int(os.environ.get("ATTEMPTS") or 1)
# How many times as long as elsewhere a condition may take to become true here.
SLOW = float(os.environ.get("SLOW") or 1)


class Failure(AssertionError):
    """What a test finds wrong."""


def test(name):
    def register(function):
        _tests.append((name, function))
        return function
    return register


def seed():
    """Of everything random; a test that fails tells it. What failed once is told with its seed, and the
    second attempt is one more run: it has another."""
    return SEED + _attempt


def note(text):
    if _log and _log[-1].endswith(" " + text):
        return      # a condition that is being waited for
    _log.append("%8.3f %s" % (time.monotonic(), text))
    if os.environ.get("V"):
        print("    " + text, flush=True)


def check(condition, text):
    if not condition:
        raise Failure(text)


def equal(found, wanted, what):
    if found != wanted:
        raise Failure("%s: found %r, wanted %r" % (what, found, wanted))


def defer(function, *args):
    """Calls function(*args) when the test has ended; the last one deferred is called first."""
    _deferred.append((function, args))


def wait_until(seconds, condition, what):
    """Calls condition until it tells something true, and returns that."""
    seconds *= SLOW
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failure("not within %g s: %s (last: %r)" % (seconds, what, value))
        time.sleep(0.02)


def _argv(command, ns):
    argv = shlex.split(command) if isinstance(command, str) else list(command)
    return (["ip", "netns", "exec", ns] if ns else []) + argv


def attempt(command, ns=None, stdin=None, timeout=120):
    """(exit code, stdout, stderr) of a command."""
    note("[%s] %s" % (ns or "-", command if isinstance(command, str) else shlex.join(command)))
    done = subprocess.run(_argv(command, ns), input=stdin, capture_output=True, text=True,
                          timeout=timeout, check=False)
    for text in (done.stdout + done.stderr).splitlines()[:40]:
        note("    " + text)
    return done.returncode, done.stdout, done.stderr


def sh(command, ns=None, stdin=None, timeout=120):
    """What a command that must succeed has written."""
    code, stdout, stderr = attempt(command, ns, stdin, timeout)
    check(code == 0, "%s: exit code %d: %s" % (command, code, stderr.strip()))
    return stdout


@contextlib.contextmanager
def background(command, ns=None):
    """A process that runs while the block does."""
    note("[%s] %s &" % (ns or "-", command))
    process = subprocess.Popen(_argv(command, ns), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _setns(path):
    fd = os.open(path, os.O_RDONLY)
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns " + path)
    finally:
        os.close(fd)


@contextlib.contextmanager
def entered(ns):
    """Sockets that the block opens belong to the namespace; None is the caller's own."""
    if ns is None:
        yield
        return
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _setns("/run/netns/" + ns)
        yield
    finally:
        check(_libc.setns(home, CLONE_NEWNET) == 0, "cannot go back to the home namespace")
        os.close(home)


def ip(ns, *commands):
    """ip's commands in a namespace, in one process: an emulated machine takes long to start one."""
    note("[%s] ip: %s" % (ns, "; ".join(commands)))
    done = subprocess.run(["ip", "-n", ns, "-batch", "-"], input="\n".join(commands) + "\n",
                          capture_output=True, text=True, timeout=120, check=False)
    check(done.returncode == 0, "[%s] ip: %s" % (ns, done.stderr.strip()))


def ns_add(name, *commands):
    """A namespace with its loopback up, where ip has carried out the commands; gone after the
    test."""
    sh("ip netns add " + name)
    defer(ns_del, name)
    ip(name, "link set lo up", *commands)
    return name


def ns_del(name):
    if os.path.exists("/run/netns/" + name):
        sh("ip netns del " + name)


def undo():
    """What was deferred so far; done after each test anyway."""
    problems = []
    while _deferred:
        function, args = _deferred.pop()
        try:
            function(*args)
        except Exception as problem:
            problems.append("cleanup: %s%r: %s" % (function.__name__, args, problem))
    if problems:
        raise Failure("; ".join(problems))


def _run(function):
    try:
        function()
    finally:
        undo()


def _attempt_test(name, function, word):
    """Whether it passed; what failed is printed, with the word in front."""
    _log.clear()
    start = time.monotonic()
    try:
        _run(function)
    except Exception:
        print("%-7s %s (SEED=%d)" % (word, name, seed()))
        print("\n".join("        " + line for line in _log[-60:]))
        print("\n".join("        " + line for line in traceback.format_exc().splitlines()), flush=True)
        return False
    print("ok      %s (%.1f s)" % (name, time.monotonic() - start), flush=True)
    return True


def _try_test(name, function):
    global _attempt
    for _attempt in range(ATTEMPTS):
        if _attempt_test(name, function, "FAILED" if _attempt == ATTEMPTS - 1 else "AGAIN"):
            return True
    return False


def main():
    """Runs the tests; with arguments, those whose names contain one of them."""
    # A shell's background ignores it, and so would all that is started here.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wanted = [entry for entry in _tests
              if not sys.argv[1:] or any(word in entry[0] for word in sys.argv[1:])]
    results = [_try_test(name, function) for name, function in wanted]
    print("%d passed, %d failed" % (results.count(True), results.count(False)))
    sys.exit(0 if all(results) else 1)
