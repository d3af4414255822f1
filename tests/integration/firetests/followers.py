# SPDX-License-Identifier: Apache-2.0
"""Observers that follow observers: the voters need not serve everybody."""
from apilib.fire import STEADY, make_mesh, rows
from apilib.load import written
from testing import check, equal, test, wait_until

CURRENT_MS, OLD_MS = 3000, 5000


def write(mesh):
    """A token's id; the founder leads, alone."""
    before = written(mesh.founder)
    mesh.token()
    return (written(mesh.founder) - before).pop()


def source_of(node):
    """Who it follows, by its log."""
    lines = [line for line in node.log_text().splitlines()
             if "event=following " in line or "event=source-lost " in line]
    return lines[-1].split("source=")[1].split()[0] if lines and "event=following " in lines[-1] else ""


def hears(node, mesh):
    token = write(mesh)
    wait_until(20, lambda: token in written(node), "%s hears of a new token" % node.name)


def age(node):
    return node.status().get("state_age_ms", -1)


@test("an observer that finds no room at the voter follows another, and the voter when that one dies")
def _():
    mesh = make_mesh(1, options=(*STEADY, "--followers-max", "1"))
    lab = mesh.lab
    middle = mesh.add("o1", "observer", *STEADY)
    leaf = mesh.add("o2", "observer", *STEADY)
    wait_until(20, lambda: (source_of(middle), source_of(leaf)) == ("n1", "o1"), "n1 <- o1 <- o2")
    hears(leaf, mesh)
    wait_until(20, lambda: 0 <= age(leaf) < CURRENT_MS, "the state of o2 is current")
    # The voter is out of reach for both: each tells its age, and o2 is not better off than its source.
    lab.cut(middle, [mesh.founder])
    lab.cut(leaf, [mesh.founder])
    for node in (middle, leaf):
        wait_until(20, lambda: age(node) > OLD_MS, "%s tells how old its state is" % node.name)
    lab.heal()
    for node in (middle, leaf):
        wait_until(30, lambda: 0 <= age(node) < CURRENT_MS, "the state of %s is current again" % node.name)
    hears(leaf, mesh)
    # Who follows whom may be the other way round now.
    middle, leaf = (middle, leaf) if source_of(leaf) == "o1" else (leaf, middle)
    middle.kill()
    wait_until(20, lambda: source_of(leaf) == "n1", "%s follows the voter" % leaf.name)
    hears(leaf, mesh)
    middle.start()
    wait_until(20, lambda: source_of(middle) == leaf.name, "the one that was killed follows the other")
    hears(middle, mesh)
    mesh.wait_level()
    mesh.stop()
    for node in mesh.nodes:
        equal(rows(node), rows(mesh.founder), "rows of " + node.name)


@test("who is to vote finds room where observers do not")
def _():
    mesh = make_mesh(1, options=(*STEADY, "--followers-max", "0"))
    waiting = mesh.lab.node("o1").join(mesh.token("--role", "observer"), *STEADY).start()
    waiting.wait_log("event=source-lost", "0 followers are served here")
    mesh.add("n2", "voter", *STEADY)
    mesh.leader().wait_status(voters=2)
    check(not waiting.status().get("address_ipv6"), "the observer has found a source")
    waiting.stop()
