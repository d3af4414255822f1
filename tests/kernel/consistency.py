# SPDX-License-Identifier: Apache-2.0
"""What must hold of a table, whatever was done to it before: its two sides say the same, its gauges
are right, and nothing is left of what is removed."""
from peer import aslist, flags, key, peer, show_prefix
from testing import equal, wait_until


def consistent(mesh):
    """Peers tell the same pairs of peer and prefix as prefixes do, and the gauges count them."""
    by_peer, by_prefix = set(), set()
    peers = mesh.peers()
    for public, found in peers.items():
        by_peer |= {(public, show_prefix(item), item.get("metric", 0)) for item in found["prefix"]}
    for message in mesh.dump("prefix-list"):
        for item in aslist(message["prefix"]):
            name, metrics = show_prefix(item), [hop["metric"] for hop in item["hop"]]
            equal(metrics, sorted(set(metrics)), "metrics of " + name)
            by_prefix |= {(hop["public-key"], name, hop["metric"]) for hop in item["hop"]}
    equal(by_peer, by_prefix, "pairs of peer and prefix")
    stats = mesh.stats()
    equal((stats["peers"], stats["prefixes"]), (len(peers), len({name for _, name, _ in by_peer})),
          "gauges peers and prefixes")


# Of a hash table that has shrunk.
EMPTY_MEMORY = 32


def emptied(mesh):
    """Removes everything; then the table must take no memory any more."""
    mesh.apply(peer(key(1), "10.1.0.0/16"), apply_flags=flags("replace"))
    mesh.apply(apply_flags=flags("replace"))
    mesh.settled(120)
    last = {}

    def small():
        last.update(mesh.stats())
        return (last["peers"], last["prefixes"], last["memory"]) == (0, 0, EMPTY_MEMORY)
    try:
        wait_until(60, small, "an empty table")
    except AssertionError:
        raise AssertionError("the table is not empty: %r" % last) from None
