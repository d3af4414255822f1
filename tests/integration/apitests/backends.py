# SPDX-License-Identifier: Apache-2.0
"""A host that cannot: which data plane is taken instead, and why, in one line."""
import os
import shutil

from apilib.world import lab
from testing import check, defer, equal, sh, test, wait_until


def kernel_has_wireguard():
    return os.system("ip link add wgmapi-probe type wireguard 2>/dev/null && ip link del wgmapi-probe") == 0


if kernel_has_wireguard():
    print("skipped: a kernel without WireGuard: this one has it", flush=True)
else:
    @test("without WireGuard in the kernel auto takes userspace, and says why in the log and in wmctl status")
    def _():
        check(shutil.which("wireguard-go"), "wireguard-go is missing")
        node = lab().node("auto")
        node.init("--backend", "auto")
        defer(sh, "ip -n %s link del api%d" % (lab().ns, node.number))
        node.start()
        wait_until(20, node.leads, "the node leads")
        line = node.wait_log("event=dataplane", "backend=userspace")
        check("not mesh: " in line and "not kernel: " in line and "WireGuard" in line, "the log says: " + line)
        equal(len([text for text in node.log_text().splitlines() if "event=dataplane " in text]), 1, "lines of it")
        status = node.status()
        equal(status["backend"], "userspace", "backend")
        check("not kernel: " in status["backend_reason"], "the status says: " + status["backend_reason"])
        code, text, _ = node.wmctl("status")
        check(code == 0 and "dataplane userspace on api" in text and "not kernel" in text, text)
        node.stop()

    @test("a backend that was asked for and that cannot be is an error, with exit code 1")
    def _():
        for backend, words in (("kernel", ("WireGuard",)), ("mesh", ("wgmesh",))):
            node = lab().node("no-" + backend).init("--backend", backend)
            code, _, stderr = node.wgmeshd("run")
            equal(code, 1, "exit code of %s (%s)" % (backend, stderr))
            line = next((text for text in stderr.splitlines() if "event=start-failed" in text), "")
            check(all(word in line for word in words), "the log says: " + stderr)
