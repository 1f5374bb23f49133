"""The talk of our client, and of IBM's JDBC driver, with our server as Wireshark reads it: tshark finds commands, replies
and nothing malformed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import jdbc
import pytest
import serving
from peers import Recorder
from serving import Served

import drdarrow

# Each reading has its own limit; the server may have to be built first.
pytestmark = pytest.mark.timeout(600)

COMMANDS = ["EXCSAT", "ACCSEC", "SECCHK", "ACCRDB", "PRPSQLSTT", "OPNQRY", "EXCSQLSTT", "RDBCMM", "RDBRLLBCK"]
REPLIES = ["EXCSATRD", "ACCSECRD", "SECCHKRM", "ACCRDBRM", "OPNQRYRM", "QRYDSC", "QRYDTA", "SQLCARD", "ENDUOWRM"]


def read(capture: Path, *options: str) -> str:
    tshark = shutil.which("tshark")
    assert tshark, "tshark was not found (Debian: tshark); sh tools/system.sh installs it"
    done = subprocess.run([tshark, "-r", capture, *options], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("persona", ["luw", "derby", "ibmi", "zos"])
def test_nothing_is_malformed(persona: str, tmp_path: Path):
    with Served(persona, serving.PASSWORD) as server, Recorder(server.port) as between:
        uri = f"drda://{serving.USER}:{serving.PASSWORD}@127.0.0.1:{between.port}/SAMPLE"
        with drdarrow.connect(uri, timeout=15) as connection:
            connection.execute("CREATE TABLE T (A INTEGER, B VARCHAR(10))")
            connection.execute("INSERT INTO T VALUES (?, ?)", (1, "x"))
            connection.commit()
            assert connection.execute("SELECT * FROM T WHERE A = ?", (1,)).fetchall() == [(1, "x")]
            with pytest.raises(drdarrow.Error):
                connection.execute("SELECT * FROM NOWHERE")
            connection.rollback()
    capture = tmp_path / "talk.pcap"
    capture.write_bytes(between.pcap())
    text = read(capture, "-V")
    assert "Malformed" not in text and "malformed" not in text
    for word in COMMANDS + REPLIES:
        assert f"({word})" in text, word
    # No packet is left that is not DRDA.
    frames = read(capture, "-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.number").split()
    known = read(capture, "-Y", "drda", "-T", "fields", "-e", "frame.number").split()
    assert known == frames and len(frames) == len(between.turns)


@pytest.mark.parametrize("start", ["prepared: ", "positioned: ", "error: "])
def test_nothing_is_malformed_for_ibms_jdbc_driver(start: str, tmp_path: Path):
    with jdbc.serve("luw", "duckdb") as running, Recorder(running.port) as between:
        told = jdbc.looked_at("jcc-12", between.port, start)
    assert told and not any(told.values()), told
    capture = tmp_path / "talk.pcap"
    capture.write_bytes(between.pcap())
    text = read(capture, "-V")
    assert "alformed" not in text
    for word in ["EXCSAT", "ACCRDB", "PRPSQLSTT", "OPNQRY", "RDBCMM", "ACCRDBRM", "OPNQRYRM", "QRYDSC", "SQLCARD", "ENDUOWRM"]:
        assert f"({word})" in text, word
    frames = read(capture, "-Y", "tcp.len > 0", "-T", "fields", "-e", "frame.number").split()
    known = read(capture, "-Y", "drda", "-T", "fields", "-e", "frame.number").split()
    assert known == frames and len(frames) == len(between.turns)
