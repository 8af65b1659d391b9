"""Signatures under entries, made with openssl: what somebody could do who holds a key, or only thinks so."""

import base64
import json
import pathlib
import subprocess
import tempfile

# RFC 8410: the fixed head of an Ed25519 private key in PKCS#8, before its 32 bytes.
PKCS8_HEAD = bytes.fromhex("302e020100300506032b657004220420")


class Key:
    def __init__(self, seed):
        self.seed = seed

    @classmethod
    def from_file(cls, path):
        """A key file of ours: one line, 32 bytes in base64."""
        return cls(base64.b64decode(pathlib.Path(path).read_text().strip()))

    def sign(self, message):
        with tempfile.TemporaryDirectory() as scratch:
            key, text = pathlib.Path(scratch, "key"), pathlib.Path(scratch, "text")
            key.write_bytes(PKCS8_HEAD + self.seed)
            text.write_bytes(message)
            done = subprocess.run(
                ["openssl", "pkeyutl", "-sign", "-rawin", "-keyform", "DER", "-inkey", key, "-in", text],
                capture_output=True, check=True)
            return base64.b64encode(done.stdout).decode()

    def entry(self, kind, body, key_id):
        """A signed entry; body is an object or text."""
        text = body if isinstance(body, str) else json.dumps(body)
        signature = self.sign(b"cockpit/1\0" + kind.encode() + b"\0" + text.encode())
        return {"t": kind, "k": key_id, "b": text, "s": signature}


def flat(entry):
    """The fields in the order of XADD's arguments."""
    return [part for name in ("t", "k", "b", "s") for part in (name, entry[name])]
