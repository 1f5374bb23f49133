"""Runs a function in a Python of its own: what it loads may hang or crash, and that must not be the tests' end.

    value = apart("ibm.rows", dsn, seconds=30)

The function is in a module beside this one, which is not imported here; arguments and result are pickled.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


class PeerFailed(AssertionError):
    """The function raised, its process died, or it took too long; the text says which."""


def apart(function: str, *arguments: object, seconds: float = 30, python: str = sys.executable) -> Any:
    """The result of `module.function(*arguments)` in a process of its own, killed when its time is over."""
    call = pickle.dumps((*function.split("."), arguments), protocol=4)
    process = subprocess.Popen(
        [python, str(HERE / "apart.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=HERE,
    )
    try:
        out, err = process.communicate(call, timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        _, err = process.communicate()
        raise PeerFailed(f"{function} did not end within {seconds} s\n{err.decode()}") from None
    if process.returncode != 0:
        how = f"signal {-process.returncode}" if process.returncode < 0 else f"exit code {process.returncode}"
        raise PeerFailed(f"{function} ended by {how}\n{err.decode()}")
    kind, value = pickle.loads(out)
    if kind == "raised":
        raise PeerFailed(f"{function} raised\n{value}")
    return value


def _child() -> None:
    # Output of the peers does not belong to the answer.
    answer, sys.stdout = sys.stdout.buffer, sys.stderr
    module, name, arguments = pickle.load(sys.stdin.buffer)
    try:
        result = ("returned", getattr(import_module(module), name)(*arguments))
    except BaseException:
        result = ("raised", traceback.format_exc())
    answer.write(pickle.dumps(result, protocol=4))
    answer.flush()


if __name__ == "__main__":
    _child()
