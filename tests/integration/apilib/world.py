# SPDX-License-Identifier: Apache-2.0
"""What most tests share: three voters and an observer, the client, and machines that joined by it."""
import atexit
import functools
import itertools
import os
import re
import time

from apilib.machine import ENROLL, Machine
from apilib.mesh import Lab, Mesh
from apilib.node import identity
from apilib.peer import Missing, Peer, install
from testing import check, equal, test

JOIN = "/v1.Node/Join"
LEAVE = "/v1.Node/Leave"
GET_STATUS = "/v1.Node/GetStatus"
GET_NODE = "/v1.Mesh/GetNode"
LIST_NODES = "/v1.Mesh/ListNodes"
PUT_ACL = "/v1.Admin/PutRaftACL"
DELETE_ACL = "/v1.Admin/DeleteRaftACL"
GET_ACL = "/v1.Admin/GetRaftACL"
LIST_ACLS = "/v1.Admin/ListRaftACLs"
LIST_PEERS = "/v1.PeerDiscovery/ListPeers"
RENEW = "/webmesh.ext.v1.Enrollment/Renew"
START_DATA_CHANNEL = "/v1.WebRTC/StartDataChannel"
NEGOTIATE_DATA_CHANNEL = "/v1.Node/NegotiateDataChannel"
CREATE_TOKEN = "/webmesh.ext.v1.Tokens/Create"
FETCH_KEY = "/webmesh.ext.v1.Authority/FetchKey"
FOLLOW = "/webmesh.ext.v1.Replication/Follow"
GET_METRICS = "/webmesh.ext.v1.Metrics/Get"
DESCRIBE = "/webmesh.ext.v1.Cluster/Describe"
LIST_ADMINS = "/webmesh.ext.v1.Admins/List"
REVOKE_ADMIN = "/webmesh.ext.v1.Admins/Revoke"
METHODS = (JOIN, LEAVE, GET_STATUS, GET_NODE, LIST_NODES, PUT_ACL, DELETE_ACL, GET_ACL, LIST_ACLS,
           LIST_PEERS, ENROLL, RENEW, CREATE_TOKEN, FETCH_KEY, FOLLOW, GET_METRICS, DESCRIBE, LIST_ADMINS, REVOKE_ADMIN,
           START_DATA_CHANNEL, NEGOTIATE_DATA_CHANNEL)

STEADY = ("--tick-ms", "50")	# elections take 0.5 to 1 s: a busy machine is no reason for one

_names = itertools.count(1)


@functools.cache
def lab():
    return Lab(os.environ.get("LOGS"))


@functools.cache
def mesh():
    made = Mesh(lab(), *STEADY)
    made.add("n2", "voter", *STEADY)
    made.add("n3", "voter", *STEADY)
    made.add("n4", "observer", *STEADY)
    made.leader().wait_status(voters=3, nodes=4)
    return made


@functools.cache
def peer():
    made = Peer(lab().ns)
    atexit.register(made.close)
    return made


@functools.cache
def _missing():
    try:
        install()
        return None
    except Missing as why:
        print("skipped: whatever needs the independent client: %s" % why, flush=True)
        return why


def peer_test(name):
    """A test that the independent client makes; none where there is no such client."""
    return (lambda function: function) if _missing() else test(name)


def call(to, path, request=None, **more):
    """Follows the leader, should it have changed since the caller has looked."""
    for _ in range(50):
        answer = peer().call(to, path, request, **more)
        elsewhere = re.search(r"ask the leader \S+ at (\S+)", answer.details)
        if elsewhere:
            to = dict(to, address=elsewhere.group(1))
        elif answer.code != "UNAVAILABLE" or "try again" not in answer.details:
            break
        else:
            time.sleep(0.1)
    return answer


def refused(answer, code, *words):
    equal(answer.code, code, "status (%s)" % answer.details)
    for word in words:
        check(word in answer.details, "%r is not in %r" % (word, answer.details))


def enroll(machine, in_mesh, token):
    answer = call(in_mesh.leader().anybody(), ENROLL, machine.enroll_request(token))
    equal(answer.code, "OK", "enrolling (%s)" % answer.details)
    machine.keep(answer.reply)
    return machine


def new_machine(role="observer", in_mesh=None, name=None):
    """Enrolled, and not yet joined."""
    in_mesh = in_mesh or mesh()
    name = name or "m%d" % next(_names)
    machine = Machine(lab().folder / "machines" / name, name)
    return enroll(machine, in_mesh, in_mesh.token("--role", role))


def at(machine, node):
    """`machine` as a caller of `node`."""
    return identity(machine.folder, node.address)


def join(machine, node=None, **changes):
    return call(at(machine, node or mesh().leader()), JOIN, machine.join_request(**changes))


def nodes_of(node, in_mesh=None):
    """{id: node}, as `node` tells."""
    answer = call((in_mesh or mesh()).founder.as_admin(node), LIST_NODES)
    equal(answer.code, "OK", "listing nodes (%s)" % answer.details)
    return {entry["id"]: entry for entry in answer.reply["nodes"]}
