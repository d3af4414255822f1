# SPDX-License-Identifier: Apache-2.0
"""grpc.health.v1 and server reflection: what tools use that know nothing of this project."""
import contextlib

from apilib.mesh import Mesh
from apilib.peer import Peer, wait_message
from apilib.world import GET_NODE, METHODS, call, lab, mesh, peer, peer_test, refused
from testing import check, equal, wait_until

CHECK = "/grpc.health.v1.Health/Check"
WATCH = "/grpc.health.v1.Health/Watch"
VERSIONS = ("v1", "v1alpha")
FILENAME, SYMBOL, EXTENSION, NUMBERS = 3, 4, 5, 6


@contextlib.contextmanager
def stranger():
    """A client without a single .proto file."""
    made = Peer(lab().ns, protos=False)
    try:
        yield made
    finally:
        made.close()


@peer_test("a client without any .proto file finds every method by reflection and calls it, by either version")
def _():
    for version in VERSIONS:
        with stranger() as client:
            to = mesh().founder.as_admin(mesh().nodes[3])
            answer = client.reflect(to, version)
            equal(answer.code, "OK", answer.details)
            for path in METHODS:
                check(path.split("/")[1] in answer.reply["services"], "%s is not told" % path)
            for service in ("grpc.health.v1.Health", *("grpc.reflection.%s.ServerReflection" % v for v in VERSIONS)):
                check(service in answer.reply["services"], "%s is not told" % service)
            equal(answer.reply["errors"], [], "errors")
            node = client.call(to, GET_NODE, {"id": "n2"})
            equal((node.code, node.reply["id"], node.reply["cluster_status"] in ("CLUSTER_VOTER", "CLUSTER_LEADER")),
                  ("OK", "n2", True), "a call of what was learned")
            equal(node.reply, call(to, GET_NODE, {"id": "n2"}).reply, "as a client with the .proto files has it")


@peer_test("reflection answers by file and by every kind of name, and says what there is not")
def _():
    to = mesh().founder.as_itself()
    known = ("v1.Node", "v1.Node.Join", "v1.JoinRequest", "v1.JoinRequest.id", "v1.ClusterStatus", "RaftACL",
             "ACLAction", "v1.CLUSTER_LEADER", "google.protobuf.Timestamp",
             "grpc.health.v1.HealthCheckResponse.ServingStatus")
    answer = peer().reflect(to, "v1", [(SYMBOL, name) for name in known] + [(FILENAME, "google/protobuf/empty.proto")])
    equal((answer.code, answer.reply["errors"]), ("OK", []), "what is known")
    unknown = ("", ".", "v1", "v1.", "v1.Nod", "v1.Node.", "v1.Node.Join.x", "v1.JoinRequest.nothing", "x" * 10000)
    questions = [(SYMBOL, name) for name in unknown] + [(FILENAME, "../v1/node.proto"), (NUMBERS, "v1.Node"), (EXTENSION, "")]
    answer = peer().reflect(to, "v1", questions)
    equal([error[0] for error in answer.reply["errors"]], [5] * len(questions), "the status of what is not (NOT_FOUND)")
    answer = peer().reflect(to, "v1", [(NUMBERS, "v1.JoinRequest")])
    equal(answer.reply["errors"], [], "extensions of a message, of which there are none")


@peer_test("reflection and the watching of health are for those with a certificate; a look at it is for everybody")
def _():
    nobody = mesh().founder.anybody()
    for version in VERSIONS:
        answer = peer().call(nobody, "/grpc.reflection.%s.ServerReflection/ServerReflectionInfo" % version, raw=b"")
        refused(answer, "UNAUTHENTICATED")
    refused(peer().open(nobody, WATCH, {}).wait(), "UNAUTHENTICATED")
    equal(call(nobody, CHECK, {}).reply, {"status": "SERVING"}, "the health")


@peer_test("every service of a node that is well serves, and an unknown one is NOT_FOUND")
def _():
    for node in mesh().nodes:
        for service in ("", "v1.Node", "v1.Mesh", "webmesh.ext.v1.Tokens", "grpc.health.v1.Health"):
            def serves(ask=node, name=service):
                return call(ask.anybody(), CHECK, {"service": name}).reply == {"status": "SERVING"}
            wait_until(10, serves, "%s of %s serves" % (service or "all", node.name))
        refused(call(node.anybody(), CHECK, {"service": "v1.Nothing"}), "NOT_FOUND", "v1.Nothing")


@peer_test("without a leader what needs one does not serve, the rest does, and who watches is told as it changes")
def _():
    small = Mesh(lab())
    other = small.add("n2", "voter")
    small.leader().wait_status(voters=2)
    to = small.founder.as_itself()
    streams = {name: peer().open(to, WATCH, {"service": name}) for name in ("", "v1.Mesh", "v1.Admin", "v1.Nothing")}
    def told(name):
        return [message["status"] for message in streams[name].messages]
    for name, first in (("", "SERVING"), ("v1.Mesh", "SERVING"), ("v1.Admin", "SERVING"), ("v1.Nothing", "SERVICE_UNKNOWN")):
        equal(wait_message(streams[name])["status"], first, "the first word on %r" % name)
    other.kill()
    for name in ("", "v1.Admin"):
        wait_until(20, lambda n=name: told(n)[-1] == "NOT_SERVING", "%r does not serve" % name)
    equal(call(small.founder.anybody(), CHECK, {"service": "v1.Mesh"}).reply, {"status": "SERVING"}, "reads")
    other.start()
    for name in ("", "v1.Admin"):
        wait_until(20, lambda n=name: told(n)[-1] == "SERVING", "%r serves again" % name)
    equal((told("v1.Mesh"), told("v1.Nothing")), (["SERVING"], ["SERVICE_UNKNOWN"]), "what has not changed")
    small.founder.stop()
    for name in ("", "v1.Mesh"):
        equal((streams[name].wait().code, told(name)[-1]), ("OK", "NOT_SERVING"), "the last word on %r" % name)
    small.stop()
