# SPDX-License-Identifier: Apache-2.0
"""A machine that joins by the API alone: it has a key and a certificate, but runs no daemon."""
import base64
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ENROLL = "/webmesh.ext.v1.Enrollment/Enroll"


def parse_token(text):
    """(id, secret) of a token, found without the project's own parser."""
    body = text.split(".")[1]
    raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    return raw[:8].hex(), raw[8:40]


def random_key():
    return base64.b64encode(os.urandom(32)).decode()


class Machine:
    """`folder` gets ca.pem and node.pem, as the client wants them."""

    def __init__(self, folder, name):
        self.name, self.folder = name, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.key = ec.generate_private_key(ec.SECP256R1())

    def csr(self):
        request = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)]))
        return request.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def enroll_request(self, token, **changes):
        token_id, secret = parse_token(token)
        request = {"token_id": token_id, "token_secret": base64.b64encode(secret).decode(),
                   "node_id": self.name, "csr_pem": self.csr()}
        return dict(request, **changes)

    def keep(self, reply):
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()).decode()
        (self.folder / "ca.pem").write_text(reply["ca_pem"])
        (self.folder / "node.pem").write_text(key + reply["certificate_pem"])

    def join_request(self, **changes):
        request = {"id": self.name, "public_key": random_key(), "raft_port": 9443, "grpc_port": 8443,
                   "wireguard_port": 51820, "assign_ipv4": True}
        return dict(request, **changes)
