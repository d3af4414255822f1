# SPDX-License-Identifier: Apache-2.0
"""The initiator's side of WireGuard's handshake, on top of OpenSSL and Python's hashlib: a second
implementation, which shares nothing with the kernel's, and can be told to cheat.

    bob = Pair()
    message = initiation(bob.public, Pair())        148 bytes
    with_mac1(bob.public, tampered)                 anybody can make it anew
    with_mac2(message, cookie)
"""
import hashlib
import hmac as hmac_module
import os
import struct
import time

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
LENGTH = 148
# Where the fields of an initiation are.
FIELDS = {"type": range(0, 4), "sender": range(4, 8), "ephemeral": range(8, 40),
          "static": range(40, 88), "timestamp": range(88, 116), "mac1": range(116, 132),
          "mac2": range(132, 148)}
# Points of small order: their product with any clamped key is zero.
LOW_ORDER = [bytes(32), b"\1" + bytes(31),
             bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
             bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
             bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")]


class Pair:
    """A private key and its public one."""

    def __init__(self, private=None):
        self.private = private or os.urandom(32)
        self._key = X25519PrivateKey.from_private_bytes(self.private)
        self.public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def shared(self, public):
        return self._key.exchange(X25519PublicKey.from_public_bytes(public))


def blake2s(*parts, key=b"", size=32):
    return hashlib.blake2s(b"".join(parts), key=key, digest_size=size).digest()


def hmac(key, data):
    return hmac_module.new(key, data, hashlib.blake2s).digest()


def hkdf(key, data):
    secret = hmac(key, data)
    first = hmac(secret, b"\1")
    return first, hmac(secret, first + b"\2")


def tai64n(seconds=None):
    """12 bytes; now, when nothing is told."""
    seconds = time.time() if seconds is None else seconds
    return struct.pack(">QI", 0x400000000000000a + int(seconds), int(seconds % 1 * 1e9))


def seal(key, plain, hashed):
    return ChaCha20Poly1305(key).encrypt(bytes(12), plain, hashed)


def initiation(responder, initiator, timestamp=None, sender=0x12345678, claim=None,
               ephemeral=None, zero_es=False, zero_ss=False):
    """A valid one to the public key `responder` from the pair `initiator`; or one that claims
    another public key, sends another ephemeral one, or goes on with zeros for a shared secret."""
    pair = Pair()
    sent = ephemeral or pair.public
    chain = blake2s(CONSTRUCTION)
    hashed = blake2s(blake2s(chain, IDENTIFIER), responder)
    hashed = blake2s(hashed, sent)
    chain, _ = hkdf(chain, sent)
    chain, key = hkdf(chain, bytes(32) if zero_es else pair.shared(responder))
    static = seal(key, claim or initiator.public, hashed)
    hashed = blake2s(hashed, static)
    chain, key = hkdf(chain, bytes(32) if zero_ss else initiator.shared(responder))
    proof = seal(key, timestamp or tai64n(), hashed)
    message = struct.pack("<II", 1, sender) + sent + static + proof
    return with_mac1(responder, message + bytes(32))


def mac1_key(public):
    return blake2s(b"mac1----", public)


def cookie_key(public):
    return blake2s(b"cookie--", public)


def with_mac1(responder, message):
    return message[:-32] + blake2s(message[:-32], key=mac1_key(responder), size=16) + message[-16:]


def with_mac2(message, cookie):
    return message[:-16] + blake2s(message[:-16], key=cookie, size=16)


def _rotate(value, bits):
    return (value << bits | value >> 32 - bits) & 0xffffffff


def _quarter(words, a, b, c, d):
    for left, right, turned, bits in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        words[left] = (words[left] + words[right]) & 0xffffffff
        words[turned] = _rotate(words[turned] ^ words[left], bits)


def hchacha20(key, nonce):
    """draft-irtf-cfrg-xchacha, section 2.2."""
    words = list(struct.unpack("<16I", b"expand 32-byte k" + key + nonce))
    for _ in range(10):
        for a in range(4):
            _quarter(words, a, a + 4, a + 8, a + 12)
        for a in range(4):
            _quarter(words, a, 4 + (a + 1) % 4, 8 + (a + 2) % 4, 12 + (a + 3) % 4)
    return struct.pack("<8I", *(words[:4] + words[12:]))


def open_cookie(responder, message, reply):
    """The cookie in a reply to our message; cryptography's InvalidTag when it is not one."""
    kind, receiver, nonce, sealed = struct.unpack("<I4s24s32s", reply)
    if kind != 3 or receiver != message[4:8]:
        raise ValueError("not a reply to this message")
    key = hchacha20(cookie_key(responder), nonce[:16])
    return ChaCha20Poly1305(key).decrypt(bytes(4) + nonce[16:], sealed, message[116:132])
