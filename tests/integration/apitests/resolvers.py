# SPDX-License-Identifier: Apache-2.0
"""The names of the mesh by way of servers of others: unbound, which resolves, and knotd, a secondary."""
import os

from apilib.mesh import Mesh
from apilib.nameserver import KNOT, UNBOUND, NameServer, installed
from apilib.world import STEADY, lab, mesh
from apitests.names import DOMAIN, SECRET, ask, described, wait_code
from testing import check, defer, equal, test, wait_until

for program in ("unbound", "knot"):
    if not installed(program):
        print("skipped: the names by way of %s: it is not installed" % program, flush=True)


def server_test(program, name):
    return test(name) if installed(program) else lambda function: function


def start(name, port, config):
    server = NameServer(lab().ns, lab().folder / ("%s-%d" % (name, port)), name, port, config)
    defer(server.stop)
    return server


def asking(how, node):
    """unbound's configuration, as docs/operators/names.md has it; `how`: forward or stub."""
    host, port = node.dns_address.split(":")
    names = (DOMAIN, "172.in-addr.arpa", "d.f.ip6.arpa")
    local = ["16.172.in-addr.arpa", "d.f.ip6.arpa"]
    return UNBOUND + "".join('    domain-insecure: "%s"\n' % name for name in names) + \
        "".join('    local-zone: "%s" nodefault\n' % name for name in local) + \
        "".join('%s-zone:\n    name: "%s"\n    %s-addr: %s@%s\n' % (how, name, how, host, port) for name in names)


@server_test("unbound", "unbound that forwards the mesh's names to a node, or asks it for its zones, finds them all, and what is not there is not")
def _():
    node, other = mesh().founder, mesh().nodes[-1]
    wait_code(node, "%s.%s" % (other.name, DOMAIN), "A", "NOERROR")
    ipv4, ipv6 = described(node, other.name)
    name = "%s.%s" % (other.name, DOMAIN)
    for how, port in (("forward", 23101), ("stub", 23102)):
        resolver = start("unbound", port, asking(how, node))
        wait_code(resolver, name, "A", "NOERROR")
        for options in ((), ("+tcp",)):
            equal(ask(resolver, name, "A", *options).data(), {("A", ipv4)}, "A by " + how)
            equal(ask(resolver, name, "AAAA", *options).data(), {("AAAA", ipv6)}, "AAAA by " + how)
            check('"id=%s"' % other.name in ask(resolver, name, "TXT", *options).data().pop()[1], "TXT by " + how)
        reverse = ".".join(reversed(ipv4.split("."))) + ".in-addr.arpa"
        equal(ask(resolver, reverse, "PTR").data(), {("PTR", name + ".")}, "PTR by " + how)
        for missing, code in (("nobody." + DOMAIN, "NXDOMAIN"), (name, "NOERROR")):
            answer = ask(resolver, missing, "MX")
            equal((answer.code, answer.data()), (code, set()), "MX of %s by %s" % (missing, how))
            check("SOA" in dict(answer.data("AUTHORITY")), "authority by %s: %s" % (how, answer.sections))


@test("what does not fit over UDP is cut off, and had whole over TCP, whichever way it is asked for")
def _():
    name = "a-name-that-is-as-long-as-a-name-of-a-node-may-be-and-no-longer"
    node = lab().node(name)
    addresses = ["2001:db8:1111:2222:3333:4444:5555:66%02x" % (0x10 + last) for last in range(7)]
    node.init(*STEADY, *(word for address in addresses for word in ("--endpoint", address)))
    node.start()
    defer(node.stop)
    wait_code(node, "%s.%s" % (name, DOMAIN), "A", "NOERROR")
    full = ask(node, "%s.%s" % (name, DOMAIN), "TXT", "+tcp").data()
    check(all(address in str(full) for address in addresses), "TXT: %s" % full)
    for program, options in (("dig", ("+noedns",)), ("dig", ("+bufsize=512",)), ("kdig", ("+noedns",)), ("kdig", ("+bufsize=512",))):
        cut = ask(node, "%s.%s" % (name, DOMAIN), "TXT", "+ignore", *options, program=program)
        check("tc" in cut.flags and not cut.data(), "%s %s: %s %s" % (program, options, cut.flags, cut.sections))
        equal(ask(node, "%s.%s" % (name, DOMAIN), "TXT", *options, program=program).data(), full, "%s %s" % (program, options))
    large = ask(node, "%s.%s" % (name, DOMAIN), "TXT", "+bufsize=1232", "+ignore")
    check("tc" not in large.flags and large.data() == full, "with EDNS: %s" % large.flags)


def secondary(node, port):
    host, source = node.dns_address.split(":")
    return KNOT + """
key:
  - id: backup
    algorithm: hmac-sha256
    secret: %s
remote:
  - id: node
    address: %s@%s
    key: backup
zone:
  - domain: %s
    master: node
    refresh-max-interval: 2
    zonefile-sync: -1
""" % (SECRET, host, source, DOMAIN)


@server_test("knot", "knotd as a secondary has the zone by its key, and what changes, and serves the same records")
def _():
    keys = lab().folder / "secondary-keys"
    keys.write_text("hmac-sha256:backup:%s\n" % SECRET)
    os.chmod(keys, 0o600)
    some = Mesh(lab(), *STEADY, "--dns-keys", str(keys))
    defer(some.stop)
    node = some.founder
    wait_code(node, "n1." + DOMAIN, "A", "NOERROR")
    second = start("knot", 23103, secondary(node, 23103))
    wait_code(second, "n1." + DOMAIN, "A", "NOERROR")

    def serial(server):
        return int(ask(server, DOMAIN, "SOA").data().pop()[1].split()[2])

    def level():
        wait_until(30, lambda: serial(second) == serial(node), "the secondary has what the node has")
    level()
    some.add("db.east", "observer", *STEADY)
    wait_code(second, "db.east." + DOMAIN, "A", "NOERROR", seconds=30)
    level()
    for name in ("n1", "db.east"):
        for kind in ("A", "AAAA", "TXT"):
            equal(ask(second, "%s.%s" % (name, DOMAIN), kind).data(), ask(node, "%s.%s" % (name, DOMAIN), kind).data(),
                  "%s of %s" % (kind, name))
    some.nodes.pop().stop()
    code, _, stderr = node.wmctl("node", "remove", "db.east", identity=node.dir / "admin")
    check(code == 0, stderr)
    wait_code(second, "db.east." + DOMAIN, "A", "NXDOMAIN", seconds=30)
