# SPDX-License-Identifier: Apache-2.0
"""wmctl bundle: one archive with what helps, without secrets, and on demand without names and addresses."""
import json
import re
import tarfile

from apilib.world import lab, mesh
from testing import check, equal, test

PIECES = {"nodes.json", "status.json", "servers.json", "version.json", "doctor.json", "machine.txt", "config.yaml", "wgmeshd.log"}


def bundle(node, *args, code=0):
    """{name: text}"""
    path = lab().folder / "bundle.tar"
    found, stdout, stderr = node.wmctl("bundle", *args, str(path))
    equal(found, code, "exit code of bundle (%s%s)" % (stdout, stderr))
    equal(oct(path.stat().st_mode & 0o777), "0o600", "the archive's mode")
    with tarfile.open(path) as archive:
        pieces = {member.name: archive.extractfile(member).read().decode() for member in archive}
    equal({name.split("/")[0] for name in pieces}, {"wgmesh-bundle"}, "the folder in the archive")
    return {name.split("/")[1]: text for name, text in pieces.items()}


@test("a bundle has status, nodes, servers, versions, findings, settings and log, and no secret")
def _():
    node = mesh().founder
    mesh().token()
    secret = "wgmesh1.c2VjcmV0.c2Vj"
    log = lab().folder / "some.log"
    log.write_text(node.log_text() + "event=x token=%s\n-----BEGIN PRIVATE KEY-----\nMIIsecret\n-----END PRIVATE KEY-----\nlast\n" % secret)
    pieces = bundle(node, "--log", str(log))
    equal(set(pieces), PIECES, "the pieces")
    equal({one["id"] for one in json.loads(pieces["nodes.json"])} >= {"n1", "n2", "n3", "n4"}, True, "the nodes")
    equal(json.loads(pieces["status.json"])["id"], "n1", "the status")
    equal(len(json.loads(pieces["servers.json"])["servers"]), 3, "the servers")
    check(json.loads(pieces["version.json"])["version"], "no version")
    check(any(one["check"] == "quorum" for one in json.loads(pieces["doctor.json"])), "no findings")
    check("grpc-port: %d" % node.grpc_port in pieces["config.yaml"], pieces["config.yaml"])
    check("event=start" in pieces["wgmeshd.log"] and pieces["wgmeshd.log"].endswith("[secret]\nlast\n"), pieces["wgmeshd.log"][-300:])
    everything = "".join(pieces.values())
    check(secret not in everything and "MIIsecret" not in everything and "PRIVATE KEY" not in everything, "a secret is in it")
    check(node.host in everything, "the addresses are gone, though nobody wished so")


@test("an anonymous bundle has the same words for the same nodes, addresses and keys everywhere, and none of them")
def _():
    node = mesh().founder
    nodes = json.loads(node.wmctl("-o", "json", "get", "nodes")[1])
    pieces = bundle(node, "--anonymize", "--log", str(node.log))
    equal(set(pieces), PIECES, "the pieces")
    hidden = json.loads(pieces["nodes.json"])
    equal(len(hidden), len(nodes), "as many nodes")
    everything = "\n".join(pieces.values())
    for before, after in zip(nodes, hidden):
        check(re.fullmatch(r"node-\d+", after["id"]) and re.fullmatch(r"key-\d+", after["public_key"]), "%r" % after)
        for name in ("public_key", "private_ipv4", "private_ipv6", "id"):
            value = re.escape(before[name] if name == "public_key" else before[name].split("/")[0])
            check(not before[name] or not re.search(r"(?<![\w.-])%s(?![\w-])" % value, everything), "%s %s is in it" % (name, before[name]))
        equal((after["status"], after["grpc_port"]), (before["status"], before["grpc_port"]), "what need not be hidden")
    names = {before["id"]: after["id"] for before, after in zip(nodes, hidden)}
    equal(len(set(names.values())), len(names), "different nodes have different words")
    status = json.loads(pieces["status.json"])
    equal((status["id"], status["device"]), (names["n1"], "device-1"), "the status speaks of the same node")
    check("device: device-1 " in pieces["config.yaml"], pieces["config.yaml"])
    check("node=%s" % names["n1"] in pieces["wgmeshd.log"] and "id: %s" % names["n1"] in pieces["config.yaml"], "log and settings do")
    equal({one["node"] for one in json.loads(pieces["servers.json"])["servers"]}, {names["n1"], names["n2"], names["n3"]}, "the servers do")
    row = next(one for one in hidden if one["id"] == names["n1"])
    equal(status["address_ipv4"], row["private_ipv4"], "an address is the same in both")


@test("what a bundle cannot have is told in it, and the names of a log are not given away unseen")
def _():
    node = lab().node("b-silent").init()
    log = lab().folder / "silent.log"
    log.write_text("event=x node=somebody-else\n")
    pieces = bundle(node, "--log", str(log), code=3)
    check("refused" in pieces["missing.txt"] and "somebody-else" in pieces["wgmeshd.log"], "%r" % pieces)
    pieces = bundle(node, "--anonymize", "--log", str(log), code=3)
    check("wgmeshd.log" in pieces["missing.txt"] and "wgmeshd.log" not in pieces, "%r" % pieces)
    check("id: node-1" in pieces["config.yaml"] and "b-silent" not in pieces["config.yaml"].replace(str(node.dir), ""), pieces["config.yaml"])
    equal(node.wmctl("bundle")[0], 2, "exit code without a file")
    code, _, stderr = node.wmctl("bundle", "/nonexistent/x.tar")
    check(code == 1 and "/nonexistent/x.tar" in stderr, "a folder that is not there: %d %s" % (code, stderr))
