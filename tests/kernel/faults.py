# SPDX-License-Identifier: Apache-2.0
"""Failing allocations, one at a time: the n-th that a task makes for the module (fail-nth, see the
kernel's Documentation/fault-injection). Only a kernel with FAILSLAB and the stack filter can."""
import contextlib
import glob
import os

DEBUGFS = "/sys/kernel/debug"
LIMIT = 400     # no operation allocates so often
SITES = ("failslab", "fail_page_alloc")


def available():
    return all(os.path.exists("%s/%s/require-start" % (DEBUGFS, site)) for site in SITES)


def _write(path, value):
    with open(path, "w") as file:
        file.write(str(value))


def _code_of_module(name):
    """Where the module's functions are: (first, end)."""
    with open("/proc/kallsyms") as file:
        found = [int(line.split()[0], 16) for line in file
                 if line.endswith("[%s]\n" % name) and line.split()[1] in "tT"]
    return min(found), max(found) + 4096


def limit_to_module(name="wgmesh"):
    """Only allocations with the module on the call stack can fail; to be called when it is loaded."""
    first, end = _code_of_module(name)
    for site in SITES:
        base = "%s/%s/" % (DEBUGFS, site)
        for setting, value in (("require-start", first), ("require-end", end), ("verbose", 0),
                               ("ignore-gfp-wait", "N"), ("stacktrace-depth", 32)):
            _write(base + setting, value)


def _tasks(kind):
    if kind == "self":
        return ["/proc/thread-self/fail-nth"]
    return ["/proc/%s/fail-nth" % comm.split("/")[2] for comm in glob.glob("/proc/[0-9]*/comm")
            if _comm(comm).startswith("kworker/u")]


def _comm(path):
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""       # it has ended


class Failing:
    """In its block the number-th allocation of this thread, or of whatever worker is at it, fails;
    then hit says whether there were so many."""

    def __init__(self, number, kind):
        self.number, self.kind, self.tasks, self.hit = number, kind, [], False

    def __enter__(self):
        self.tasks = _tasks(self.kind)
        for task in self.tasks:
            with contextlib.suppress(OSError):
                _write(task, self.number)

    def __exit__(self, *problem):
        for task in self.tasks:
            with contextlib.suppress(OSError):
                with open(task) as file:
                    self.hit = self.hit or int(file.read()) == 0
                _write(task, 0)


def each_allocation(kind="self"):
    """(number, a block in which that allocation fails), until there are not so many. Which worker
    is at it, is not foreseen: one that was born meanwhile is missed, and it is tried again."""
    patience = {"self": 1, "workers": 5}[kind]
    number, misses = 1, 0
    while misses < patience:
        block = Failing(number, kind)
        yield number, block
        number, misses = (number + 1, 0) if block.hit else (number, misses + 1)
        if number == LIMIT:
            raise AssertionError("no end of the allocations")
