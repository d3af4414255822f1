# SPDX-License-Identifier: Apache-2.0
"""Nodes and clients behind NATs, a STUN and TURN server, and lines that are long and lose.

      n1              client           192.168.NUMBER.2
       |                 |
       |               wire            the client's line, as long and as bad as wanted
     lan0              lan0            192.168.NUMBER.1
    n1-nat          client-nat         namespaces that translate, with nftables
     veth0             veth0           10.98.0.NUMBER
       |      turn       |
       +-------+---------+             "switch", the Internet: nobody's 192.168.0.0/16 has a way there
              br0

What a NAT does is in the words of RFC 4787: of where its port leads to (mapping) and who may use it from outside
(filtering). Linux keeps the port where it can, whoever is spoken with, and lets in the one that was spoken to.

    kind         mapping                    filtering             by
    full         the same for all           none                  masquerade, DNAT of ports that have been used
    address      the same for all           by address            masquerade, DNAT of ports used towards that address
    port         the same for all           by address and port   masquerade
    symmetric    another for each           by address and port   masquerade fully-random
    blocked      -                          UDP to and from the TURN server alone, otherwise as "port"

What comes uninvited is dropped before it is a connection of conntrack's: its port would be taken otherwise, and the
packet to its sender that is to open the way would go out from another.

With IPv6, which is off at first, n1 and the client have addresses that all may speak to, 2001:db8:NUMBER::2, behind
firewalls that let in what answers somebody inside.
"""
import subprocess

from apilib.network import CLIENT, Network, address, run
from apilib.wire import Wire
from testing import note

TURN = 200
NOBODY = 254
TURN_PORT = 3478
KINDS = ("full", "address", "port", "symmetric", "blocked")

_RULES = """
flush ruleset
table ip nat {
	set open {
		type inet_service
		flags dynamic, timeout
		timeout 5m
	}
	set open_to {
		type ipv4_addr . inet_service
		flags dynamic, timeout
		timeout 5m
	}
	chain in {
		type nat hook prerouting priority dstnat
		ip daddr %(outside)s tcp dport 18000-18099 dnat to %(inside)s
		%(let_in)s
	}
	chain out {
		type nat hook postrouting priority srcnat
		oifname lan0 ip saddr %(inside)s masquerade
		oifname veth0 meta l4proto udp masquerade %(ports)s
		oifname veth0 masquerade
	}
	chain uninvited {
		type filter hook input priority filter
		meta l4proto udp drop
	}
	chain pass {
		type filter hook forward priority filter
		iifname lan0 meta l4proto udp update @open { udp sport }
		iifname lan0 meta l4proto udp update @open_to { ip daddr . udp sport }
		%(stop)s
	}
}
table ip6 firewall {
	chain pass {
		type filter hook forward priority filter; policy drop
		iifname lan0 accept
		ct state established,related accept
	}
}
"""

_LET_IN = {"full": "udp dport @open dnat to %s", "address": "ip saddr . udp dport @open_to dnat to %s"}
_STOP = "iifname lan0 meta l4proto udp ip daddr . udp dport != { %s . %d } drop" % (address(TURN), TURN_PORT)


def _site(net, number):
    return "2001:db8:%s::%d" % (net, number)


class Natted(Network):
    """Each host is behind a NAT of its own, of the kind "port" at first; the TURN server is behind none. The client's
    line is `wire`."""

    def __init__(self, logs=None):
        self.wire = None
        super().__init__(logs)
        self.turn = super()._host("turn", TURN)
        # coturn gives up a relay for which the host says that there is no way: there is one, and it swallows all.
        run("ip", "-n", self.switch, "address", "add", address(NOBODY) + "/24", "dev", "br0")
        run("ip", "-n", self.turn, "route", "add", "default", "via", address(NOBODY))

    def _host(self, name, number):
        gateway, inside = super()._host(name + "-nat", number), self._space(name)
        if number == CLIENT:
            self.wire = Wire(gateway, "lan0", inside, "veth0")
        else:
            run("ip", "-n", gateway, "link", "add", "lan0", "type", "veth", "peer", "name", "veth0", "netns", inside)
        for ns, device, last in ((gateway, "lan0", 1), (inside, "veth0", 2)):
            run("ip", "-n", ns, "address", "add", "192.168.%d.%d/24" % (number, last), "dev", device)
            run("ip", "-n", ns, "link", "set", device, "up")
        run("ip", "-n", inside, "link", "set", "lo", "up")
        run("ip", "-n", inside, "route", "add", "default", "via", "192.168.%d.1" % number)
        run("ip", "-n", gateway, "route", "add", "blackhole", "192.168.0.0/16")
        run("ip", "netns", "exec", gateway, "sysctl", "-qw", "net.ipv4.ip_forward=1")
        self.translate(gateway, number, "port")
        return inside

    def translate(self, gateway, number, kind):
        inside = "192.168.%d.2" % number
        rules = _RULES % {
            "outside": address(number), "inside": inside,
            "let_in": _LET_IN[kind] % inside if kind in _LET_IN else "",
            "ports": "fully-random" if kind == "symmetric" else "",
            "stop": _STOP if kind == "blocked" else "",
        }
        subprocess.run(["ip", "netns", "exec", gateway, "nft", "-f", "-"], input=rules, text=True, check=True)

    def set_nats(self, node, client):
        """Kinds of the NATs of the first node and of the client."""
        note("NATs: %s, client: %s" % (node, client))
        self.translate("%s-n1-nat" % self.prefix, 1, node)
        self.translate("%s-client-nat" % self.prefix, CLIENT, client)

    def add_ipv6(self):
        for name, number, other in (("n1", 1, CLIENT), ("client", CLIENT, 1)):
            inside, gateway = "%s-%s" % (self.prefix, name), "%s-%s-nat" % (self.prefix, name)
            run("ip", "netns", "exec", gateway, "sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
            for ns, device, ip in ((gateway, "veth0", _site("ff", number)), (gateway, "lan0", _site(number, 1)),
                                   (inside, "veth0", _site(number, 2))):
                run("ip", "-n", ns, "address", "add", ip + "/64", "dev", device, "nodad")
            run("ip", "-n", gateway, "route", "add", _site(other, 0) + "/64", "via", _site("ff", other))
            run("ip", "-n", inside, "-6", "route", "add", "default", "via", _site(number, 1))

    def remove_ipv6(self):
        for name in ("n1", "client"):
            for ns, device in ((name + "-nat", "veth0"), (name + "-nat", "lan0"), (name, "veth0")):
                run("ip", "-n", "%s-%s" % (self.prefix, ns), "-6", "address", "flush", "dev", device, "scope", "global")

    def close(self):
        if self.wire:
            self.wire.close()
            self.wire = None
        super().close()
