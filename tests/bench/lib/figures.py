# SPDX-License-Identifier: Apache-2.0
"""What a bench tells: a line for each figure, the conditions before them, and all of it as JSON."""
import json
import os
import pathlib
import statistics
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]

figures = {}
short = []


def tell(name, value, unit, reach=None, most=False):
    """`most`: the figure is to stay below `reach`."""
    good = reach is None or (value <= reach if most else value >= reach)
    figures[name] = {"value": value, "unit": unit, "reach": reach, "most": most, "ok": good}
    reach = "told" if reach is None else "%s%g" % ("<= " if most else "", reach)
    print("bench: %s %.4g %s (reach %s) %s" % (name, value, unit, reach, "ok" if good else "short"), flush=True)
    if not good:
        short.append(name)


def sync_cost(folder, rounds=200):
    """Microseconds (median) to overwrite and sync 4 KiB of a file that has them already."""
    fd = os.open(folder / "sync", os.O_RDWR | os.O_CREAT)
    took = []
    for i in range(rounds):
        os.pwrite(fd, bytes([i]) * 4096, i % 64 * 4096)
        began = time.monotonic()
        os.fdatasync(fd)
        took.append(time.monotonic() - began)
    os.close(fd)
    return statistics.median(took[64:]) * 1e6


def conditions(lab, **more):
    """What the figures depend on, printed before them."""
    told = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "fdatasync_us": round(sync_cost(lab.folder)), **more}
    print("bench: conditions: " + ", ".join("%s %s" % (name, value) for name, value in told.items()), flush=True)
    return told


def save(name, told):
    """build/bench/NAME.json, or what a guest leaves behind, and the last line."""
    folder = pathlib.Path(os.environ.get("GUEST_OUT") or ROOT / "build/bench")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / (name + ".json")).write_text(json.dumps({"conditions": told, "figures": figures}, indent=1) + "\n")
    print("%d figures, %d short%s" % (len(figures), len(short), ": " + " ".join(short) if short else ""))


def table():
    """All that was told, once more and short."""
    print()
    for name, f in figures.items():
        reach = "" if f["reach"] is None else "%s %g" % ("<=" if f["most"] else ">=", f["reach"])
        print(("%-44s %10.4g %-22s %-9s %s" % (name, f["value"], f["unit"], reach,
                                               ("ok" if f["ok"] else "SHORT") if reach else "")).rstrip())
