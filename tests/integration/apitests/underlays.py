# SPDX-License-Identifier: Apache-2.0
"""Networks below the mesh: translated, moved, of one family; traffic over wireguard-go."""
import ipaddress
import json
import shutil
import signal

from apilib.lan import Lan, mesh_address, reaches, wait_reaches
from apilib.mesh import Mesh
from apilib.world import STEADY
from testing import check, defer, equal, ip, sh, wait_until, test


def lan(**options):
    check(shutil.which("wireguard-go"), "wireguard-go is missing")
    some = Lan(**options)
    defer(some.close)
    return some


@test("two nodes behind one public address reach everybody, each other and the exit node")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY, "--routes", "0.0.0.0/0")
    n1 = mesh.founder
    abroad = net.host_behind(n1, "203.0.113.0/24")
    ip(abroad, "route del default")
    router = net.router("10.44.0.0/24")
    inside = [net.node_behind(router, name, "10.44.0.%d" % number) for number, name in ((2, "p"), (3, "q"))]
    for node in inside:
        node.join(mesh.token("--role", "observer"), *STEADY, "--endpoint", "none", "--exit-node", "n1").start()
        mesh.nodes.append(node)
        node.wait_joined()
    p, q = inside
    for node in inside:
        # All that it knows of the world below is its router: were WireGuard's own packets not marked, they would
        # go into the tunnel that they are to make.
        wait_reaches(node.ns, mesh_address(n1, n1))
        wait_reaches(node.ns, "203.0.113.10")
    endpoints = sh("wg show %s endpoints" % n1.device, n1.ns)
    equal({line.split()[1].split(":")[0] for line in endpoints.splitlines()}, {net.router_address}, "where both come from")
    wait_reaches(p.ns, mesh_address(n1, q))
    wait_reaches(q.ns, mesh_address(n1, p))


@test("a node that moves to another address says so, and its tunnels move with it")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY)
    moved = mesh.add("moved", "observer", *STEADY)
    wait_reaches(mesh.founder.ns, mesh_address(mesh.founder, moved))
    ip(moved.ns, "address del %s/24 dev veth0" % moved.host, "address add 10.98.0.77/24 dev veth0")
    moved.stop()
    moved.start("--endpoint", "10.98.0.77")

    def told():
        code, stdout, _ = mesh.founder.wmctl("-o", "json", "get", "nodes", "moved")
        return code == 0 and json.loads(stdout)["primary_endpoint"] == "10.98.0.77"
    wait_until(20, told, "the mesh knows where it is now")
    wait_reaches(mesh.founder.ns, mesh_address(mesh.founder, moved))
    check("10.98.0.77:" in sh("wg show %s endpoints" % mesh.founder.device, mesh.founder.ns), "the founder's WireGuard knows")


@test("a mesh over IPv6 alone, with a prefix of its own, carries IPv4")
def _():
    net = lan(ipv6=True)
    mesh = Mesh(net, *STEADY, "--ipv4-prefix", "10.77.0.0/24")
    other = mesh.add("other", "observer", *STEADY)
    address = mesh_address(mesh.founder, other)
    check(ipaddress.ip_address(address) in ipaddress.ip_network("10.77.0.0/24"), "its address is " + address)
    wait_reaches(mesh.founder.ns, address)
    equal(sh("ip -4 -o address show dev veth0", other.ns), "", "IPv4 addresses below")


@test("between a node with both families and such as have one, each speaks the one that both have")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY, "--endpoint", "fd98::1")
    both = mesh.founder
    ip(both.ns, "address add fd98::1/64 dev veth0 nodad")
    four = mesh.add("four", "observer", *STEADY)
    net.ipv6 = True
    six = mesh.add("six", "observer", *STEADY)
    for node in (four, six):
        wait_reaches(node.ns, mesh_address(both, both))
        wait_reaches(both.ns, mesh_address(both, node))
    equal(sh("ip -4 -o address show dev veth0", six.ns), "", "IPv4 addresses below")
    equal(sh("ip -6 -o address show dev veth0 scope global", four.ns), "", "IPv6 addresses below")
    check("[fd98::1]:" in sh("wg show %s endpoints" % six.device, six.ns), "the one calls by IPv6")
    check(both.host + ":" in sh("wg show %s endpoints" % four.device, four.ns), "the other by IPv4")


def mesh_ipv6(node, other):
    """The IPv6 address of `other`, as `node` knows it."""
    code, stdout, stderr = node.wmctl("-o", "json", "get", "nodes", other.name)
    check(code == 0, stderr)
    return str(ipaddress.ip_network(json.loads(stdout)["private_ipv6"])[1])


def next_hop(node, address):
    """The public key of the peer of `node` that the prefix hangs on; None: of nobody."""
    for line in sh("wg show %s allowed-ips" % node.device, node.ns).splitlines():
        key, *prefixes = line.split()
        if address + "/32" in prefixes:
            return key
    return None


def public_key(node):
    return sh("wg show %s public-key" % node.device, node.ns).strip()


@test("nodes of one family each reach one another by one that has both, and by another when it has left")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY, "--endpoint", "fd98::1")
    n1 = mesh.founder
    # By the hash of its id, `bridge` stands before n1 for four and six.
    bridge = net.node("bridge")
    for node in (n1, bridge):
        ip(node.ns, "address add fd98::%d/64 dev veth0 nodad" % node.number)
    bridge.join(mesh.token("--role", "observer"), *STEADY, "--endpoint", "fd98::%d" % bridge.number).start()
    mesh.nodes.append(bridge)
    bridge.wait_joined()
    four = mesh.add("four", "observer", *STEADY)
    check("wgmesh-" + n1.device not in sh("nft list tables", n1.ns), "n1 has a table where all have IPv4")
    net.ipv6 = True
    six = mesh.add("six", "observer", *STEADY)

    def meet_at(relay):
        for node, other in ((four, six), (six, four)):
            address = mesh_address(node, other)
            wait_until(20, lambda: next_hop(node, address) == public_key(relay), "%s goes by %s" % (node.name, relay.name))
            wait_reaches(node.ns, address)
            wait_reaches(node.ns, mesh_ipv6(node, other))
    wait_until(20, lambda: "wgmesh-" + bridge.device in sh("nft list tables", bridge.ns), "bridge has its table")
    meet_at(bridge)
    check(public_key(six) not in sh("wg show %s peers" % four.device, four.ns), "four has six for a peer")
    # What comes from the mesh goes to the mesh alone: it is our table that sees to it.
    net.host_behind(bridge, "203.0.113.0/24")
    ip(four.ns, "route add 203.0.113.0/24 dev " + four.device)
    sh("wg set %s peer %s allowed-ips 203.0.113.0/24" % (four.device, public_key(bridge)), four.ns)
    check(not reaches(four.ns, "203.0.113.10"), "four reaches a network that bridge does not announce")
    sh("nft delete table inet wgmesh-" + bridge.device, bridge.ns)
    wait_reaches(four.ns, "203.0.113.10")
    code, _, stderr = n1.wmctl("node", "remove", "bridge", identity=n1.dir / "admin")
    equal(code, 0, "exit code of node remove (%s)" % stderr)
    meet_at(n1)
    equal(four.status()["last_error"], "", "the trouble of four")


@test("between nodes of one family each and nobody with both, status says what is missing")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY)
    n1 = mesh.founder
    # Behind n1's back six has IPv4, and says nothing of it: it can join, and the tunnel works as it can.
    six = net.node("six")
    ip(six.ns, "address add fd98::%d/64 dev veth0 nodad" % six.number)
    said = six.host
    six.host = "fd98::%d" % six.number
    six.join(mesh.token("--role", "observer"), *STEADY).start()
    six.host = said
    mesh.nodes.append(six)
    wait_until(20, lambda: "no address family in common" in n1.status().get("last_error", ""), "n1 tells of six")
    n1.wait_log("event=families-apart", "nodes=1")
    wait_reaches(six.ns, mesh_address(n1, n1))


def endpoint_of(node, other):
    """Where the WireGuard of `node` reaches that of `other`; None while it does not know."""
    key = sh("wg show %s public-key" % other.device, other.ns).strip()
    known = dict(line.split() for line in sh("wg show %s endpoints" % node.device, node.ns).splitlines())
    return known.get(key)


@test("a node is reached where the one that calls was told to, live, until the word is taken back")
def _():
    net = lan()
    mesh = Mesh(net, *STEADY)
    n1 = mesh.founder
    port, said = 20000 + n1.number, "%s:%d" % (n1.host, 20000 + n1.number)
    # Where n1 says that it is, nobody gets through; somebody forwards a port of another address to it.
    ip(n1.ns, "address add 10.98.0.77/24 dev veth0")
    sh("nft add table ip way; add chain ip way first { type filter hook prerouting priority raw; };"
       " add chain ip way nat { type nat hook prerouting priority dstnat; };"
       " add rule ip way first ip daddr %s udp dport %d drop;"
       " add rule ip way nat ip daddr 10.98.0.77 udp dport 40000 counter redirect to :%d" % (n1.host, port, port), n1.ns)
    caller = net.node("caller").join(mesh.token("--role", "observer"), *STEADY, "--endpoint", "none")
    settings = caller.dir / "wgmeshd.yaml"

    def tell(text, *words):
        settings.write_text(text)
        caller.process.send_signal(signal.SIGHUP)
        caller.wait_log(*words)
    settings.write_text("{}\n")
    caller.start("--config", str(settings))
    mesh.nodes.append(caller)
    caller.wait_joined()
    address = mesh_address(n1, n1)
    wait_until(20, lambda: endpoint_of(caller, n1) == said, "it calls where n1 says that it is")
    check(not reaches(caller.ns, address), "n1 is reached where nobody gets through")
    tell("peer-endpoint: [n1=10.98.0.77:40000]\n", "event=setting-changed", "name=peer-endpoint", "n1=10.98.0.77:40000")
    wait_reaches(caller.ns, address)
    equal(endpoint_of(caller, n1), "10.98.0.77:40000", "where it reaches n1")
    check("counter packets 0 " not in sh("nft list chain ip way nat", n1.ns), "no packet came by the forwarded port")
    tell("peer-endpoint: [n1=10.98.0.77]\n", "event=reload-failed", "10.98.0.77", "is not like n2=192.0.2.1:51820")
    check(reaches(caller.ns, address), "a word that is no endpoint has cut n1 off")
    equal(endpoint_of(caller, n1), "10.98.0.77:40000", "where it reaches n1 after that")
    tell("{}\n", "event=setting-changed", "name=peer-endpoint", 'to="none"')
    wait_until(20, lambda: endpoint_of(caller, n1) == said, "it calls where n1 says, again")
    sh("nft delete table ip way", n1.ns)
    wait_reaches(caller.ns, address)
