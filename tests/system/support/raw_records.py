"""A TLS record layer of our own, for what no TLS library sends.

After an ordinary handshake it takes over the keys (from the key log) and the sequence numbers.
Then any record can be sent: data after a close_notify, empty records, a ClientHello in the middle
of a TLS 1.2 session, a KeyUpdate a thousand times. AES-GCM comes from libcrypto.
RFC 5246 6.2 and RFC 5288 (TLS 1.2), RFC 8446 5 and 7 (TLS 1.3).
"""

import ctypes
import ctypes.util
import hashlib
import hmac
import os
import struct

from .places import fresh
from .tcp import FIN, RST
from .tls_client import TLS13, TlsClient, client_context

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, APPLICATION_DATA = 20, 21, 22, 23
CLOSE_NOTIFY = b"\x01\x00"
KEY_UPDATE, KEY_UPDATE_REQUESTED = b"\x18\x00\x00\x01\x00", b"\x18\x00\x00\x01\x01"
NO_RENEGOTIATION = b"\x01\x64"

_EVP_CTRL_AEAD_GET_TAG, _EVP_CTRL_AEAD_SET_TAG = 0x10, 0x11
_crypto = ctypes.CDLL(ctypes.util.find_library("crypto") or "libcrypto.so.3")
for _name in ("EVP_CIPHER_CTX_new", "EVP_aes_128_gcm", "EVP_aes_256_gcm"):
    getattr(_crypto, _name).restype = ctypes.c_void_p


class BadRecord(AssertionError):
    """A record that does not decrypt."""


def aes_gcm(key, nonce, data, header, tag=None):
    """Encrypts `data` (tag None; the answer has the tag at its end) or decrypts it."""
    context = ctypes.c_void_p(_crypto.EVP_CIPHER_CTX_new())
    try:
        cipher = ctypes.c_void_p(
            _crypto.EVP_aes_128_gcm() if len(key) == 16 else _crypto.EVP_aes_256_gcm())
        length = ctypes.c_int()
        output = ctypes.create_string_buffer(len(data) + 16)
        _crypto.EVP_CipherInit_ex(context, cipher, None, key, nonce, 1 if tag is None else 0)
        _crypto.EVP_CipherUpdate(context, None, ctypes.byref(length), header, len(header))
        _crypto.EVP_CipherUpdate(context, output, ctypes.byref(length), data, len(data))
        if tag is not None:
            _crypto.EVP_CIPHER_CTX_ctrl(context, _EVP_CTRL_AEAD_SET_TAG, 16, tag)
        final = ctypes.create_string_buffer(16)
        if _crypto.EVP_CipherFinal_ex(context, final, ctypes.byref(length)) != 1:
            raise BadRecord("a record does not authenticate")
        if tag is not None:
            return output.raw[:len(data)]
        made = ctypes.create_string_buffer(16)
        _crypto.EVP_CIPHER_CTX_ctrl(context, _EVP_CTRL_AEAD_GET_TAG, 16, made)
        return output.raw[:len(data)] + made.raw
    finally:
        _crypto.EVP_CIPHER_CTX_free(context)


def prf(digest, secret, label, seed, size):
    """The TLS 1.2 PRF (RFC 5246 5)."""
    seed = label + seed
    output, block = b"", seed
    while len(output) < size:
        block = hmac.digest(secret, block, digest)
        output += hmac.digest(secret, block + seed, digest)
    return output[:size]


def expand_label(digest, secret, label, size):
    """HKDF-Expand-Label with an empty context (RFC 8446 7.1)."""
    label = b"tls13 " + label
    info = struct.pack(">HB", size, len(label)) + label + b"\x00"
    output, block, counter = b"", b"", 1
    while len(output) < size:
        block = hmac.digest(secret, block + info + bytes([counter]), digest)
        output, counter = output + block, counter + 1
    return output[:size]


class _Direction12:
    """Protects or opens the records of one direction of TLS 1.2."""

    def __init__(self, key, salt):
        self.key, self.salt, self.sequence = key, salt, 1  # 0 was the Finished

    def _header(self, kind, size):
        return struct.pack(">QBHH", self.sequence, kind, 0x0303, size)

    def protect(self, kind, data):
        explicit = struct.pack(">Q", self.sequence)
        body = explicit + aes_gcm(self.key, self.salt + explicit, data,
                                  self._header(kind, len(data)))
        self.sequence += 1
        return struct.pack(">BHH", kind, 0x0303, len(body)) + body

    def open(self, kind, body):
        data = aes_gcm(self.key, self.salt + body[:8], body[8:-16],
                       self._header(kind, len(body) - 24), body[-16:])
        self.sequence += 1
        return kind, data


class _Direction13:
    """The same for TLS 1.3, with key updates."""

    def __init__(self, secret, digest, key_size):
        self.digest, self.key_size = digest, key_size
        self._take(secret)

    def _take(self, secret):
        self.secret, self.sequence = secret, 0
        self.key = expand_label(self.digest, secret, b"key", self.key_size)
        self.iv = expand_label(self.digest, secret, b"iv", 12)

    def update(self):
        self._take(expand_label(self.digest, self.secret, b"traffic upd",
                                hashlib.new(self.digest).digest_size))

    def _nonce(self):
        return (int.from_bytes(self.iv, "big") ^ self.sequence).to_bytes(12, "big")

    def protect(self, kind, data):
        header = struct.pack(">BHH", APPLICATION_DATA, 0x0303, len(data) + 17)
        body = aes_gcm(self.key, self._nonce(), data + bytes([kind]), header)
        self.sequence += 1
        return header + body

    def open(self, _, body):
        header = struct.pack(">BHH", APPLICATION_DATA, 0x0303, len(body))
        data = aes_gcm(self.key, self._nonce(), body[:-16], header, body[-16:]).rstrip(b"\x00")
        self.sequence += 1
        return data[-1], data[:-1]


class RawRecords:
    """A connection whose handshake is done and whose records are ours from here on."""

    def __init__(self, address, version, client_type=TlsClient, **options):
        keylog = str(fresh("keylog"))
        self.client = client_type(address, context=client_context(version, keylog=keylog),
                                  **options)
        self.client.handshake()
        self._pending = bytearray(self.client.raw_input())
        client_random = bytes(self.client.sent_raw[11:43])
        with open(keylog, encoding="ascii") as lines:
            secrets = {label: bytes.fromhex(secret) for label, random, secret in
                       (line.split() for line in lines if not line.startswith("#"))
                       if bytes.fromhex(random) == client_random}
        os.unlink(keylog)
        cipher = self.client.engine.cipher()[0]
        digest = "sha384" if "SHA384" in cipher else "sha256"
        key_size = 32 if "256" in cipher.split("GCM")[0] else 16
        if version == TLS13:
            self.sending, self.receiving = (
                _Direction13(secrets[f"{side}_TRAFFIC_SECRET_0"], digest, key_size)
                for side in ("CLIENT", "SERVER"))
        else:
            server_random = bytes(self.client.received_raw[11:43])
            block = prf(digest, secrets["CLIENT_RANDOM"], b"key expansion",
                        server_random + client_random, 2 * key_size + 8)
            self.sending = _Direction12(block[:key_size], block[-8:-4])
            self.receiving = _Direction12(block[key_size:2 * key_size], block[-4:])

    def client_hello(self):
        """The handshake message of our first flight, for a renegotiation request."""
        size = struct.unpack(">H", self.client.sent_raw[3:5])[0]
        return bytes(self.client.sent_raw[5:5 + size])

    def record(self, kind, data):
        return self.sending.protect(kind, data)

    def key_update(self, requested=False):
        """The record of a KeyUpdate; what is sent after it has the next key."""
        record = self.record(HANDSHAKE, KEY_UPDATE_REQUESTED if requested else KEY_UPDATE)
        self.sending.update()
        return record

    def send(self, *records):
        return self.client.send_raw(b"".join(records))

    def receive(self):
        """(type, content) of the next record, or FIN or RST. A KeyUpdate is applied."""
        while True:
            for came in self.parse(self._pending):
                return came
            more = self.client.receive()
            if more in (FIN, RST):
                return more
            self._pending += more

    def parse(self, buffer):
        """Each whole record at the beginning of `buffer`, opened, and taken out of it."""
        while len(buffer) >= 5:
            kind, _, size = struct.unpack(">BHH", buffer[:5])
            if len(buffer) < 5 + size:
                return
            body = bytes(buffer[5:5 + size])
            del buffer[:5 + size]
            kind, data = self.receiving.open(kind, body)
            if kind == HANDSHAKE and data[:1] == b"\x18":
                self.receiving.update()
            yield kind, data

    def take_pending(self):
        """What came with the handshake and was not parsed yet."""
        pending, self._pending = self._pending, bytearray()
        return pending

    def receive_data(self, size):
        """`size` bytes of application data; handshake records in between are passed over."""
        data = b""
        while len(data) < size:
            came = self.receive()
            if came in (FIN, RST) or came[0] == ALERT:
                raise AssertionError(f"{came} after {len(data)} of {size} bytes")
            if came[0] == APPLICATION_DATA:
                data += came[1]
        return data

    def read_until_end(self):
        """What still comes, with the names that an Observation has."""
        seen = self.client.seen
        while True:
            came = self.receive()
            if came in (FIN, RST):
                seen.end = came
                seen.add(came)
                return seen
            kind, data = came
            if kind == APPLICATION_DATA:
                seen.add_data(data)
            elif kind == ALERT and data == CLOSE_NOTIFY:
                seen.close_notify = True
                seen.add("close_notify")
            elif kind == ALERT:
                seen.alert = str(data[1])
                seen.add(f"alert {data[1]}")
