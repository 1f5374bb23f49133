"""A certificate authority for tests, by OpenSSL: certificates of servers on 127.0.0.1."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ["-newkey", "rsa:2048", "-nodes", "-days", "30"]


class Authority:
    """Keeps its files in a directory, which may be shared: they bear its name."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory, self.name = directory, name
        self.certificate, self._key = directory / f"{name}.pem", directory / f"{name}.key"
        options = ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-subj", f"/CN={name}"]
        openssl("req", "-x509", *KEY, *options, "-keyout", self._key, "-out", self.certificate)

    def issue(self, names: str = "IP:127.0.0.1,DNS:localhost") -> tuple[Path, Path]:
        """A certificate for these names and its key, both in PEM."""
        certificate, key = self.directory / f"{self.name}-server.pem", self.directory / f"{self.name}-server.key"
        authority = ["-CA", self.certificate, "-CAkey", self._key, "-addext", "basicConstraints=critical,CA:FALSE"]
        named = ["-subj", "/CN=server", "-addext", f"subjectAltName={names}"]
        openssl("req", "-x509", *KEY, *authority, *named, "-keyout", key, "-out", certificate)
        return certificate, key


def openssl(*arguments: str | Path) -> None:
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"openssl failed with {done.returncode}: {done.stderr}"
