# SPDX-License-Identifier: Apache-2.0
"""wmctl config: names for meshes, and what is asked by them."""
import json

from apilib.node import WMCTL
from apilib.world import lab, mesh
from testing import attempt, check, equal, test

MORE = ("HOME=/nonexistent", "XDG_CONFIG_HOME=/nonexistent")


def asker(name):
    """wmctl with a file of contexts of its own; and the file."""
    path = lab().folder / name / "config.yaml"
    def wmctl(*args):
        return attempt(["env", "-u", "WGMESH_STATE_DIR", *MORE, "WMCTL_CONFIG=%s" % path, WMCTL, *args], lab().ns)
    return wmctl, path


@test("a context says whom to ask, and as whom; options go before it")
def _():
    wmctl, path = asker("contexts")
    founder, other = mesh().founder, mesh().nodes[1]
    admin = str(founder.dir / "admin")
    for name, node in (("first", founder), ("second", other)):
        code, _, stderr = wmctl("config", "set-context", name, "--address", node.address, "--identity", admin)
        equal(code, 0, "exit code of set-context (%s)" % stderr)
    equal(oct(path.stat().st_mode & 0o777), "0o600", "the file's mode")
    def asked(*options):
        code, stdout, stderr = wmctl(*options, "-o", "json", "status")
        check(code in (0, 3), "status %r: %d %s" % (options, code, stderr))
        return json.loads(stdout)["id"]
    equal(asked(), founder.name, "who answers in the current context, the first that was made")
    equal(asked("--context", "second"), other.name, "who answers in the other")
    equal(asked("--address", other.address), other.name, "who answers by option")
    equal(wmctl("config", "use-context", "second")[0], 0, "exit code of use-context")
    equal(wmctl("config", "current-context")[1].strip(), "second", "the current context")
    equal(asked(), other.name, "who answers after use-context")
    listed = json.loads(wmctl("-o", "json", "config", "get-contexts")[1])
    equal([(one["name"], one["current"], one["address"]) for one in listed],
          [("first", False, founder.address), ("second", True, other.address)], "the list")
    equal(wmctl("complete", "config", "use-context", "")[1].split(), ["first", "second"], "names in the shell")
    equal(wmctl("complete", "--context", "first", "get", "nodes", founder.name)[1].split(), [founder.name], "nodes in the shell")
    equal(wmctl("config", "delete-context", "second")[0], 0, "exit code of delete-context")
    code, _, stderr = wmctl("config", "current-context")
    check(code == 1 and "use-context" in stderr, "without a current one: %d %s" % (code, stderr))


@test("contexts that are wrong are told with a remedy, and nothing is changed")
def _():
    wmctl, path = asker("wrong-contexts")
    equal(wmctl("config", "set-context", "lab", "--address", "127.0.0.1:1")[0], 0, "exit code of set-context")
    before = path.read_bytes()
    for code, words, args in ((1, "did you mean lab?", ("config", "use-context", "lba")),
                              (1, "did you mean lab?", ("--context", "lba", "status")),
                              (1, "HOST:PORT", ("config", "set-context", "lab", "--address", "nowhere")),
                              (1, "1 to 3600", ("config", "set-context", "lab", "--timeout", "0")),
                              (1, "is no name", ("config", "set-context", "a b")),
                              (2, "usage: wmctl config", ("config", "set-context", "lab", "--nonsense", "1")),
                              (2, "usage: wmctl config", ("config", "set-context")),
                              (2, "usage: wmctl config", ("config",))):
        found, _, stderr = wmctl(*args)
        equal(found, code, "exit code of %r (%s)" % (args, stderr))
        check(words in stderr, "%r is not in %r" % (words, stderr))
        equal(path.read_bytes(), before, "the file after %r" % (args,))
    path.write_text("contexts:\n  lab:\n    adress: x:1\n")
    code, _, stderr = wmctl("status")
    check(code == 1 and "%s:3:5: " % path in stderr and "did you mean address?" in stderr, "a wrong file: %d %s" % (code, stderr))
