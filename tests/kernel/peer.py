# SPDX-License-Identifier: Apache-2.0
"""The family wgmesh, spoken by the kernel's own netlink library from the specification alone: a
second implementation beside the one in userspace/netlink. Messages that the library would not make
are written by hand."""
import errno
import os
import pathlib
import socket
import struct
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = ROOT / "proto/netlink/specs/wgmesh.yaml"
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", os.environ["HOME"] + "/.cache")) / "wgmesh"

sys.path.insert(0, str(CACHE / "kernel-tools/tools/net/ynl"))
sys.path.insert(0, str(ROOT / "tests/lib"))

from lib import ynl as kernel_ynl  # noqa: E402
from testing import defer, equal, entered, note, wait_until  # noqa: E402

NLA_F_NESTED = 0x8000
SO_SNDBUFFORCE, SO_RCVBUFFORCE = 32, 33


class Refused(Exception):
    """The kernel's refusal: errno, its text, and the path of the attribute that it blames."""

    def __init__(self, problem):
        extack = problem.nl_msg.extack or {}
        self.errno = problem.error
        self.text = extack.get("msg", "")
        self.attribute = extack.get("bad-attr", "")
        self.missing = extack.get("miss-type")
        super().__init__("%s: %s %s" % (os.strerror(self.errno), self.text, self.attribute))


class Client(kernel_ynl.YnlFamily):
    """A netlink socket in a namespace."""

    def __init__(self, ns=None, groups=()):
        kernel_ynl.genl_family_name_to_id = None    # it changes when the module is loaded again
        with entered(ns):
            super().__init__(str(SPEC), "")
        self.ns = ns
        self.by_hand = None
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 60, 0))
        self.enlarge()
        defer(self.close)   # an open socket keeps its namespace alive
        for group in groups:
            self.ntf_subscribe(group)

    def enlarge(self):
        """Room for large batches and for many events, where the process may have it."""
        try:
            for option in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
                self.sock.setsockopt(socket.SOL_SOCKET, option, 16 << 20)
        except PermissionError:
            pass

    def close(self):
        self.sock.close()

    def _decode_extack(self, request, op, extack):
        if self.by_hand is None:    # else there may be no path to what is wrong
            super()._decode_extack(request, op, extack)

    def _encode_message(self, op, vals, flags, req_seq):
        if self.by_hand is None:
            return super()._encode_message(op, vals, flags, req_seq)
        message = super()._encode_message(op, {}, flags, req_seq) + self.by_hand
        return struct.pack("I", len(message)) + message[4:]

    def ask(self, command, values, dump=False):
        note("[%s] %s %s" % (self.ns or "-", command, brief(values)))
        try:
            answer = self.dump(command, values) if dump else self.do(command, values)
        except kernel_ynl.NlError as problem:
            refused = Refused(problem)
            note("    " + str(refused))
            raise refused from None
        return answer

    def raw(self, command, attributes):
        """Sends attributes that are bytes already."""
        self.by_hand = attributes
        try:
            return self.ask(command, {})
        finally:
            self.by_hand = None

    def number(self, space, name):
        return self.attr_sets[space][name].value

    def events(self, seconds, wanted):
        """Waits until wanted(list of (name, attributes)) is true, and returns the list."""
        found = []

        def look():
            self.check_ntf()
            found.extend((event["name"], event["msg"]) for event in self.async_msg_queue)
            self.async_msg_queue.clear()
            return wanted(found)
        wait_until(seconds, look, "events; so far %s" % [name for name, _ in found])
        return found


class Mesh:
    """A device's mesh table."""

    def __init__(self, client, device):
        self.client, self.device = client, device

    def ask(self, command, **values):
        values = {name.replace("_", "-"): value for name, value in values.items()}
        return self.client.ask(command, {"ifname": self.device, **values})

    def dump(self, command, **values):
        values = {name.replace("_", "-"): value for name, value in values.items()}
        return self.client.ask(command, {"ifname": self.device, **values}, dump=True)

    def new(self, **values):
        return self.ask("mesh-new", **values)

    def apply(self, *peers, **values):
        return self.ask("peers-apply", peer=list(peers), **values)

    def generation(self):
        return self.ask("mesh-get")["generation"]

    def stats(self):
        return self.ask("stats-get")["stats"]

    def settled(self, seconds=60):
        """Waits until WireGuard has everything, and the mesh has read what WireGuard has: before,
        it knows neither the device's key nor its port, and takes no initiation for its own."""
        def done():
            answer = self.ask("stats-get")
            return "counters-age" in answer and answer["stats"]["pending"] == 0
        wait_until(seconds, done, "WireGuard has everything")

    def peers(self, **filters):
        """{public key: peer} of a dump; the prefixes of a peer in many messages are joined."""
        found = {}
        for message in self.dump("peer-list", **filters):
            for peer in aslist(message["peer"]):
                known = found.setdefault(peer["public-key"], {**peer, "prefix": []})
                known["prefix"] += aslist(peer.get("prefix", []))
        return found

    def table(self):
        """{public key: set of prefixes}, what the table says."""
        return {key: {show_prefix(prefix) for prefix in peer["prefix"]}
                for key, peer in self.peers().items()}

    def picture(self):
        """Everything that a refused batch must not change; peers may be on their way meanwhile."""
        prefixes = {show_prefix(prefix): [(hop["public-key"], hop["metric"]) for hop in prefix["hop"]]
                    for message in self.dump("prefix-list") for prefix in message["prefix"]}
        return self.generation(), self.table(), prefixes


def aslist(value):
    return value if isinstance(value, list) else [value]


def brief(values):
    text = repr(values)
    return text if len(text) < 300 else text[:300] + "…"


def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)


def prefix(text, **more):
    base, length = text.split("/")
    more = {name.replace("_", "-"): value for name, value in more.items()}
    return {"address": address(base), "length": int(length), **more}


def show_prefix(value):
    family = socket.AF_INET if len(value["address"]) == 4 else socket.AF_INET6
    return "%s/%d" % (socket.inet_ntop(family, value["address"]), value["length"])


def endpoint(text, port):
    if ":" in text:
        return struct.pack("=HHI16sI", socket.AF_INET6, socket.htons(port), 0, address(text), 0)
    return struct.pack("=HH4s8x", socket.AF_INET, socket.htons(port), address(text))


def key(number):
    """A public key that nobody has the private part of."""
    return b"key %08d" % number + bytes(range(20))


def peer(public_key, *prefixes, **more):
    """A peer for a batch; prefixes are texts or made by prefix()."""
    value = {"public-key": public_key}
    value.update({name.replace("_", "-"): item for name, item in more.items()})
    if prefixes:
        value["prefix"] = [prefix(item) if isinstance(item, str) else item for item in prefixes]
    return value


def attribute(number, payload, nested=False):
    """One netlink attribute, as bytes."""
    kind = number | (NLA_F_NESTED if nested else 0)
    return struct.pack("HH", len(payload) + 4, kind) + payload + b"\0" * (-len(payload) % 4)


def flags(*names):
    """The kernel's library takes a set of names."""
    return set(names)



def refused(wanted, call, *args, **values):
    """The refusal, which must have this errno."""
    try:
        answer = call(*args, **values)
    except Refused as refusal:
        equal(errno.errorcode[refusal.errno], errno.errorcode[wanted], "errno")
        return refusal
    raise AssertionError("was not refused: %r" % (answer,))
