# SPDX-License-Identifier: Apache-2.0
"""A node's disk that can lose its power: tests/lib/disk, whose format is told in undo.h there."""
import os
import struct

from testing import check

BLOCK = 512
RECORD = struct.Struct("=Q%ds" % BLOCK)


class Disk:
    """Of the node whose state folder is `state`."""

    def __init__(self, folder, state, library):
        self.state, self.undo, self.orders = state, folder / "undo", folder / "orders"
        self.library = library
        self.undo.mkdir()

    def environment(self):
        check(os.path.exists(self.library), "%s is not built" % self.library)
        return {"LD_PRELOAD": self.library, "FAULTY_DISK_UNDO": str(self.undo),
                "FAULTY_DISK_ORDERS": str(self.orders)}

    def order(self, text=""):
        """"fail NAME", "slow MS", "lie NAME", or nothing: it is well (tests/lib/disk/faulty-disk.c)."""
        self.orders.write_text(text)

    def lose_power(self, generator=None):
        """Takes back what was not synced: all of it, or with `generator` what that chooses. The node must
        not run. Tells how many blocks went."""
        files = {path.stat().st_ino: path for path in self.state.iterdir()}
        lost = 0
        for undo in self.undo.iterdir():
            path = files.get(int(undo.name))
            if path:
                lost += take_back(path, undo.read_bytes(), generator)
            undo.unlink()
        return lost


def take_back(path, undo, generator):
    if len(undo) < 8:
        return 0
    size = struct.unpack_from("=Q", undo)[0]
    whole = (len(undo) - 8) // RECORD.size
    records = [RECORD.unpack_from(undo, 8 + number * RECORD.size) for number in range(whole)]
    goes = generator and (lambda: generator.random() < 0.5) or (lambda: True)
    with open(path, "r+b") as file:
        end = file.seek(0, os.SEEK_END)
        new = [block for block in range(-(-size // BLOCK), -(-end // BLOCK)) if goes()]
        old = [record for record in records if goes()]
        for block, content in [(block, bytes(BLOCK)) for block in new] + old:
            file.seek(block * BLOCK)
            file.write(content)
        file.truncate(size if goes() else max(end, size))
    return len(new) + len(old)
