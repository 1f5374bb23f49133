"""`drdarrow install-manifest`: driver managers of ADBC find the driver by its name, `drda`."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import os
import sys
from pathlib import Path
from typing import Literal, TypeAlias

import typer

import drdarrow
from drdarrow.exceptions import InterfaceError

Where: TypeAlias = Literal["environment", "user", "system"]
#: The entry point, which every library that is the driver has.
ENTRY_POINT = "AdbcDriverDrdaInit"
NAME = "drda.toml"


def install(where: Where | None, *, library: Path | None, directory: Path | None) -> None:
    """Writes the manifest of a library, this package's own unless another one is named."""
    if where is not None and directory is not None:
        raise InterfaceError("--directory: names the place already, --where is for the usual ones")
    target = directory or folder(where or ("environment" if in_environment() else "user"))
    driver = checked((library or own_library()).expanduser().resolve())
    target = target.expanduser().resolve()
    target.mkdir(parents=True, exist_ok=True)
    path = target / NAME
    new = path.with_suffix(".toml.new")
    new.write_text(manifest(driver), encoding="utf-8")
    new.replace(path)
    typer.echo(path)


def manifest(library: Path) -> str:
    """The text of a manifest."""
    texts = {"name": "drdarrow", "publisher": "drdarrow", "version": drdarrow.__version__, "license": "Apache-2.0"}
    lines = [f"{key} = {_quoted(text)}" for key, text in texts.items()]
    driver = [f"entrypoint = {_quoted(ENTRY_POINT)}", f"shared = {_quoted(str(library))}"]
    return "\n".join(["manifest_version = 1", *lines, "", "[ADBC]", 'version = "1.1.0"', "", "[Driver]", *driver, ""])


def _quoted(text: str) -> str:
    """A text of JSON is one of TOML, but for signs that are two units of UTF-16 and for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def own_library() -> Path:
    """The library of this package. Only a process of Python can load it."""
    found = importlib.util.find_spec("drdarrow._core")
    if found is None or found.origin is None:
        raise InterfaceError("the library of drdarrow is not installed")
    return Path(found.origin)


def checked(library: Path) -> Path:
    """The library, if it is the driver."""
    if not library.is_file():
        raise InterfaceError(f"{library}: there is no such file")
    try:
        getattr(ctypes.CDLL(str(library)), ENTRY_POINT)
    except (OSError, AttributeError) as error:
        raise InterfaceError(f"{library}: is not the driver: {error}") from None
    return library


def in_environment() -> bool:
    """True in a virtual environment."""
    return sys.prefix != sys.base_prefix


def folder(where: Where) -> Path:
    """Where driver managers look."""
    mac = sys.platform == "darwin"
    if where == "environment":
        if not in_environment():
            raise InterfaceError("this Python is in no virtual environment: use --where user")
        return Path(sys.prefix) / "etc" / "adbc" / "drivers"
    if where == "system":
        return Path("/Library/Application Support/ADBC/Drivers" if mac else "/etc/adbc/drivers")
    if mac:
        return Path.home() / "Library" / "Application Support" / "ADBC" / "Drivers"
    config = os.environ.get("XDG_CONFIG_HOME")
    return (Path(config) if config else Path.home() / ".config") / "adbc" / "drivers"
