# SPDX-License-Identifier: Apache-2.0
"""The twin of a mesh table: the same operations on plain dictionaries, from what the specification
says alone. It is the oracle of the model test: what it holds, the module must hold, and what it
refuses, the module must refuse for one of the reasons that it names."""
import copy
import errno
import ipaddress

from peer import show_prefix

HOPS_MAX = 8
STORED_FLAGS = {"pinned", "relay"}
NO_PSK = bytes(32)


class Refusal(Exception):
    """A batch that must be refused, with any of these errnos."""

    def __init__(self, errnos):
        self.errnos = errnos
        super().__init__(", ".join(sorted(errno.errorcode[number] for number in errnos)))


class TwinPeer:
    def __init__(self):
        self.flags = set()
        self.keepalive = 0
        self.endpoint = b""     # None: whatever it was when the peer left
        self.psk = NO_PSK
        self.prefixes = {}      # text: metric
        self.generation = 0
        self.awake = False      # WireGuard has it; None: both are right

    def values(self):
        return self.flags, self.keepalive, self.endpoint, self.psk, self.prefixes

    def resident(self):
        return "pinned" in self.flags or self.keepalive > 0


class Twin:
    def __init__(self, peers_max):
        self.peers_max = peers_max
        self.peers = {}
        self.generation = 0
        self.lazy = False
        self.leaving = set()    # keys that WireGuard may not have forgotten yet

    # ---- changes ----

    def apply(self, batch, replace=False, expected=None):
        """(upserted, removed), or Refusal and nothing has changed. A batch is a list of peers as
        messages carry them."""
        problems, after = set(), {} if replace else dict(self.peers)
        if replace and len(batch) > self.peers_max:
            problems.add(errno.E2BIG)
        if expected not in (None, self.generation):
            raise Refusal(problems | {errno.ESTALE})
        named = set()
        for change in batch:
            if change["public-key"] in named:
                problems.add(errno.EINVAL)
            named.add(change["public-key"])
            problems |= self._change(after, change, replace)
        problems |= self._limits(after)
        if problems:
            raise Refusal(problems)
        return self._commit(after)

    def _change(self, after, change, replace):
        key, wanted = change["public-key"], change.get("flags", set())
        old = self.peers.get(key)
        if old is None and wanted & {"remove", "update-only"}:
            return {errno.ENOENT}
        if old is not None and "create-only" in wanted:
            return {errno.EEXIST}
        if "remove" in wanted:
            after.pop(key, None)
            return set()
        new = copy.deepcopy(old) if old else TwinPeer()
        if key in self.leaving and not old:
            new.endpoint = None
        if replace:
            new.flags, new.keepalive, new.psk = set(), 0, NO_PSK
        if "flags" in change:
            new.flags = wanted & STORED_FLAGS
        new.keepalive = change.get("keepalive", new.keepalive)
        new.endpoint = change.get("endpoint", new.endpoint)
        new.psk = change.get("preshared-key", new.psk)
        after[key] = new
        return self._prefixes(old, new, change, replace or "replace-prefixes" in wanted)

    @staticmethod
    def _prefixes(old, new, change, replace):
        problems, named = set(), set()
        if replace:
            new.prefixes = {}
        for item in change.get("prefix", []):
            name = show_prefix(item)
            if name in named:
                problems.add(errno.EINVAL)
            named.add(name)
            if "remove" not in item.get("flags", set()):
                new.prefixes[name] = item.get("metric", 0)
            elif old is None or name not in old.prefixes:
                problems.add(errno.ENOENT)
            else:
                new.prefixes.pop(name, None)
        return problems

    def _limits(self, after):
        problems, metrics = set(), {}
        if len(after) > self.peers_max and after.keys() - self.peers.keys():
            problems.add(errno.ENOSPC)
        for found in after.values():
            for name, metric in found.prefixes.items():
                metrics.setdefault(name, []).append(metric)
        for found in metrics.values():
            if len(set(found)) < len(found):
                problems.add(errno.EEXIST)
            if len(found) > HOPS_MAX:
                problems.add(errno.ENOSPC)
        return problems

    def _commit(self, after):
        self.generation += 1
        upserted = 0
        for key, new in after.items():
            old = self.peers.get(key)
            if old is None or old.values() != new.values():
                new.generation = self.generation
                upserted += 1
            if not self.lazy or new.resident():
                new.awake = True
            elif old is None and key in self.leaving:
                new.awake = None    # it comes back before it has left, or it does not
        removed = {key for key in self.peers if key not in after}
        self.leaving |= {key for key in removed if self.peers[key].awake is not False}
        self.peers = after
        return upserted, len(removed)

    def set_lazy(self, lazy):
        self.lazy = lazy
        for found in self.peers.values():
            found.awake = found.awake if lazy else True

    # ---- questions ----

    def prefixes(self):
        """{prefix: [(metric, key)] in the order of the metric}; the first one is chosen."""
        found = {}
        for key, known in self.peers.items():
            for name, metric in known.prefixes.items():
                found.setdefault(name, []).append((metric, key))
        return {name: sorted(hops) for name, hops in found.items()}

    def lookup(self, address):
        """The longest prefix that holds the address, or None."""
        holding = [network for network in map(ipaddress.ip_network, self.prefixes())
                   if network.version == address.version and address in network]
        return str(max(holding, key=lambda network: network.prefixlen)) if holding else None

    def wireguard(self):
        """{key: prefixes} of the peers in WireGuard, which has no prefixes of those that sleep."""
        view = {key: set() for key, known in self.peers.items() if known.awake}
        for name, hops in self.prefixes().items():
            if hops[0][1] in view:
                view[hops[0][1]].add(name)
        return view

    def sleeping(self):
        """Prefixes that a sleeping peer has, and of those the ones within another's that is awake."""
        awake = {ipaddress.ip_network(name) for names in self.wireguard().values() for name in names}
        all_of_them = {name for name, hops in self.prefixes().items()
                       if not self.peers[hops[0][1]].awake}
        covered = {name for name in all_of_them
                   if any(outer != network and outer.version == network.version and
                          network.subnet_of(outer)
                          for network in [ipaddress.ip_network(name)] for outer in awake)}
        return all_of_them, covered
