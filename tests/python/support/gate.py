"""A peer that logs clients in and plays false: what it offers is a table's, and every byte that comes is kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import ssl
import struct
import subprocess
import threading

from peers import Listener

EXCSAT, ACCSEC, SECCHK, ACCRDB = 0x1041, 0x106D, 0x106E, 0x2001
EXCSATRD, ACCSECRD, SECCHKRM, ACCRDBRM = 0x1443, 0x14AC, 0x1219, 0x2201
PRMNSPRM, VALNSPRM, CMDNSPRM = 0x1251, 0x1252, 0x1250
SECMEC, SECTKN, ENCALG, USRID, PASSWORD = 0x11A2, 0x11DC, 0x1909, 0x11A0, 0x11A1
# The groups of DRDA by the bytes of their keys: for DES and for AES.
GROUPS = {
    32: (
        0xC62112D73EE613F0947AB31F0F6846A1BFF5B3A4CA0D60BC1E4C7A0D8C16B3E3,
        0x4690FA1F7B9E1D4442C86C9114603FDECF071EDCEC5F626E21E256AED9EA34E4,
    ),
    64: (
        0xF24F63150EAA97CCE78F5710C45FAFBEB71CF6A8724F63140EAA97CCE78F5710C45FAFBEB71CF6A8724F631308E32B26EA1594889CBBFC91F6DF7524352EF979,
        0xE8CE9E0844C67A009FB7843CD945A058935DA51B028A49E5A91F831B78364491CD0E0A8F72345DF80769549926FD16ECD6F6859481647CA9EFB2BAAC7BC09A92,
    ),
}
SEED = bytes(range(0x11, 0x19))


def term(code_point: int, data: bytes) -> bytes:
    return struct.pack(">HH", len(data) + 4, code_point) + data


def terms(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        length, code_point = struct.unpack(">HH", data[:4])
        found.append((code_point, data[4:length]))
        data = data[length:]
    return found


def decrypted(secret: bytes, public: bytes, token: bytes) -> bytes:
    """The peer's reading of a token: the keys of DRDA, the ciphers of OpenSSL."""
    if len(secret) == 32:
        cipher, key, vector = ["-des-cbc", "-provider", "legacy", "-provider", "default"], secret[12:20], public[12:20]
    else:
        left, right = (hashlib.sha1(half).digest() for half in (secret[:32], secret[32:]))
        padded = zip(left.ljust(32, b"\0"), right.rjust(32, b"\0"), strict=True)
        cipher, key, vector = ["-aes-256-cbc"], bytes(a ^ b for a, b in padded), public[24:40]
    command = ["openssl", "enc", "-d", *cipher, "-K", key.hex(), "-iv", vector.hex()]
    done = subprocess.run(command, input=token, capture_output=True, timeout=60, check=False)
    return done.stdout if done.returncode == 0 else b""


class Front(Listener):
    """Listens on every address, in clear or over TLS, and keeps what came."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.context = context
        self.received = b""
        self.ended = threading.Event()
        super().__init__("0.0.0.0")

    def serve(self, client: socket.socket) -> None:
        try:
            with contextlib.suppress(ssl.SSLError):
                self.talk(self.context.wrap_socket(client, server_side=True) if self.context else client)
        finally:
            self.ended.set()

    def talk(self, client: socket.socket) -> None:
        raise NotImplementedError


class Gate(Front):
    """Lets everybody in by the mechanisms that it takes. `challenges` are what it says before it believes a ticket;
    `aes` is what it makes of a question for AES: "1B", "PRMNSPRM", "VALNSPRM", "short" (a key for DES)."""

    def __init__(
        self,
        takes: list[int],
        server_class: str = "QDB2/LINUXX8664",
        challenges: list[bytes] = [],  # noqa: B006
        aes: str = "",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.takes = takes
        self.server_class = server_class
        self.challenges = list(challenges)
        self.aes = aes
        self.proofs: list[list[tuple[int, bytes]]] = []
        self.asked: list[int] = []
        self.seeds: list[bytes] = []
        self.agreed: tuple[bytes, bytes] | None = None
        super().__init__(context)

    def talk(self, client: socket.socket) -> None:
        buffer = b""
        answers: list[bytes] = []
        while data := client.recv(65536):
            self.received += data
            buffer += data
            while len(buffer) >= 6 and len(buffer) >= (length := struct.unpack(">H", buffer[:2])[0]):
                frame, buffer = buffer[:length], buffer[length:]
                if frame[3] & 0x0F == 1:
                    answers.append(self.answer(*terms(frame[6:])[0]))
                if not frame[3] & 0x40:
                    client.sendall(self.chain(answers))
                    answers = []

    def chain(self, answers: list[bytes]) -> bytes:
        out = b""
        for number, body in enumerate(answers, 1):
            chained = 0x40 if number < len(answers) else 0
            out += struct.pack(">HBBH", len(body) + 6, 0xD0, 0x02 | chained, number) + body
        return out

    def answer(self, command: int, body: bytes) -> bytes:
        asked = dict(terms(body))
        if command == EXCSAT:
            levels = struct.pack(">6H", 0x1403, 7, 0x2407, 7, 0x1440, 7)
            return term(EXCSATRD, term(0x1147, self.server_class.encode("cp500")) + term(0x1404, levels))
        if command == ACCSEC:
            return self.security(asked)
        if command == SECCHK:
            self.proofs.append(terms(body))
            if self.challenges:
                refusal = term(0x1149, b"\0\x08") + term(0x11A4, b"\x19") + term(SECTKN, self.challenges.pop(0))
                return term(SECCHKRM, refusal)
            return term(SECCHKRM, term(0x1149, b"\0\0") + term(0x11A4, b"\0"))
        if command == ACCRDB:
            text = "CSS10140".encode("cp500")
            typdef = term(0x002F, "QTDSQLASC".encode("cp500")) + term(0x0035, term(0x119C, b"\x04\xb8"))
            return term(ACCRDBRM, term(0x1149, b"\0\0") + term(0x112E, text) + typdef)
        return term(0x220C, term(0x1149, b"\0\x04") + term(0x2115, b"\1"))

    def security(self, asked: dict[int, bytes]) -> bytes:
        (secmec,) = struct.unpack(">H", asked[SECMEC])
        self.asked.append(secmec)
        if secmec not in self.takes:
            return term(ACCSECRD, b"".join(term(SECMEC, struct.pack(">H", each)) for each in self.takes))
        reply = term(SECMEC, asked[SECMEC])
        if secmec in (6, 8):
            self.seeds.append(asked[SECTKN])
            return term(ACCSECRD, reply + term(SECTKN, SEED))
        if secmec not in (7, 9, 10):
            return term(ACCSECRD, reply)
        if ENCALG in asked and self.aes == "1B":
            return term(ACCSECRD, reply + term(0x11A4, b"\x1b"))
        if ENCALG in asked and self.aes in ("PRMNSPRM", "VALNSPRM"):
            point = PRMNSPRM if self.aes == "PRMNSPRM" else VALNSPRM
            return term(point, term(0x1149, b"\0\x08") + term(0x000C, struct.pack(">H", ENCALG)))
        size = len(asked[SECTKN])
        if ENCALG in asked and self.aes == "short":
            size = 32
        prime, generator = GROUPS[size]
        private = int.from_bytes(os.urandom(size))
        public = pow(generator, private, prime).to_bytes(size)
        if size == len(asked[SECTKN]):
            secret = pow(int.from_bytes(asked[SECTKN]), private, prime).to_bytes(size)
            self.agreed = secret, public
        reply += term(SECTKN, public)
        return term(ACCSECRD, reply + (term(ENCALG, asked[ENCALG]) if ENCALG in asked else b""))

    def uri(self, host: str = "127.0.0.1", database: str = "LAB") -> str:
        return f"drda://testuser@{host}:{self.port}/{database}"

    def learned(self, password: str) -> str:
        """The thing that the proofs gave away: "clear", "des", "aes", "substitute", or nothing."""
        forms = [form.encode(page) for form in {password, password.upper(), password.lower()} for page in ("cp500", "utf-8")]
        if any(form in self.received for form in forms):
            return "clear"
        for proof in self.proofs:
            parts = dict(proof)
            secmec = int.from_bytes(parts[SECMEC])
            if secmec in (6, 8) and (PASSWORD in parts or SECTKN in parts):
                return "substitute"
            for token in (data for point, data in proof if point == SECTKN):
                assert self.agreed, "a token without a key"
                secret, public = self.agreed
                vector = public
                if secmec == 7 and len(secret) == 32:
                    vector = bytes(12) + parts[USRID][:8].ljust(8, b"\0") + bytes(12)
                if decrypted(secret, vector, token) in forms:
                    return "aes" if len(secret) == 64 else "des"
        return ""


class SignOn(Front):
    """A sign-on server that tells a password level and takes every proof."""

    def __init__(self, level: int, context: ssl.SSLContext | None = None) -> None:
        self.level = level
        self.proofs: list[bytes] = []
        super().__init__(context)

    def talk(self, client: socket.socket) -> None:
        with client.makefile("rb") as stream:
            while head := stream.read(20):
                body = stream.read(int.from_bytes(head[:4]) - 20)
                self.received += head + body
                asked = int.from_bytes(head[18:20])
                if asked == 0x7003:
                    parts = self._part(0x1101, bytes.fromhex("07040000")) + self._part(0x1102, b"\0\5")
                    parts += self._part(0x1103, SEED) + self._part(0x1119, bytes([self.level]))
                elif asked == 0x7004:
                    self.proofs.append(body)
                    parts = self._part(0x1114, (37).to_bytes(4))
                else:
                    return
                reply = bytearray(head)
                reply[16:18] = (4).to_bytes(2)
                reply[18:20] = (asked | 0x8000).to_bytes(2)
                client.sendall((len(reply) + 4 + len(parts)).to_bytes(4) + bytes(reply[4:]) + bytes(4) + parts)

    @staticmethod
    def _part(point: int, data: bytes) -> bytes:
        return (len(data) + 6).to_bytes(4) + point.to_bytes(2) + data
