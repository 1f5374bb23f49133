"""Connection profiles of ADBC: `connect("profile://prod")` reads `prod.toml`, as ADBC's driver manager does.

    profile_version = 1
    driver = "drdarrow"

    [Options]
    uri = "drda://db.example:50000/SAMPLE"
    username = "app"
    password = "{{ env_var(PROD_PASSWORD) }}"
    adbc.drda.statement_timeout = 30

An option is `adbc.drda.` and the name of a setting, or one of ADBC's own names.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from drdarrow.exceptions import InterfaceError

__all__ = ["SCHEME", "Profile", "find", "load"]

#: A URI that names a profile.
SCHEME = "profile://"
#: Directories with profiles, beside that of the user.
PATH = "ADBC_PROFILE_PATH"
#: Names of our options.
OURS = "adbc.drda."
#: A driver that is not ours has one of these in its name nowhere.
DRIVERS = ("drda", "drdarrow")

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_VARIABLE = re.compile(r"env_var\((.+)\)", re.DOTALL)
_NAMES = {
    "username": "user",
    "password": "password",
    "adbc.connection.autocommit": "autocommit",
    "adbc.connection.readonly": "read_only",
}
_ISOLATION = "adbc.connection.transaction.isolation_level"
_LEVELS = {
    "adbc.connection.transaction.isolation.read_uncommitted": "ur",
    "adbc.connection.transaction.isolation.read_committed": "cs",
    "adbc.connection.transaction.isolation.repeatable_read": "rs",
    "adbc.connection.transaction.isolation.serializable": "rr",
}


@dataclass(frozen=True)
class Profile:
    """A profile that was read."""

    path: Path
    """The file."""
    uri: str | None = field(repr=False)
    """The URI, which may hold a password."""
    settings: dict[str, Any] = field(repr=False)
    """Settings of `connect()`."""


def load(name: str) -> Profile:
    """The profile of a name, or of the path of a file. An InterfaceError about it names the file and the key."""
    path = find(name)
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as e:
        raise InterfaceError(f"profile {path}: it cannot be read: {e}") from None
    version = content.get("profile_version")
    if type(version) is not int or version != 1:
        raise _wrong(path, "profile_version", "expected profile_version = 1")
    driver = content.get("driver", "")
    if not isinstance(driver, str) or (driver and not any(ours in driver for ours in DRIVERS)):
        raise _wrong(path, "driver", f"expected drdarrow, not {driver!r}: the profile is for another driver")
    options = content.get("Options")
    if not isinstance(options, Mapping):
        raise _wrong(path, "Options", "the table [Options] is missing")
    uri: str | None = None
    settings: dict[str, Any] = {}
    for key, value in _flat(path, options):
        if isinstance(value, str):
            value = _replaced(path, key, value)
        if key == "uri":
            if not isinstance(value, str) or value.startswith(SCHEME):
                raise _wrong(path, key, "expected drda://host:port/DATABASE")
            uri = value
        elif key == _ISOLATION:
            if value not in _LEVELS:
                raise _wrong(path, key, f"expected one of {', '.join(_LEVELS)}")
            settings["isolation"] = _LEVELS[value]
        else:
            settings[_setting(path, key)] = value
    return Profile(path, uri, settings)


def find(name: str) -> Path:
    """The file of a profile: a path with `.toml`, else the first one in `ADBC_PROFILE_PATH`, the directory of a Conda
    environment and that of the user."""
    if not name:
        raise InterfaceError("the profile has no name: profile://NAME")
    path = Path(name)
    if path.suffix == ".toml" or path.is_absolute():
        path = path.with_suffix(".toml")
        if not path.exists():
            raise InterfaceError(f"profile {name}: there is no file {path}")
        return path
    directories = list(_directories())
    for directory in directories:
        path = (directory / name).with_suffix(".toml")
        if path.exists():
            return path
    looked = ", ".join(map(str, directories)) or "no directory"
    raise InterfaceError(
        f"profile {name}: there is no {Path(name).with_suffix('.toml')} in {looked}; {PATH} names further directories"
    )


def _directories() -> Iterator[Path]:
    yield from (Path(each) for each in os.environ.get(PATH, "").split(os.pathsep) if each)
    conda = os.environ.get("CONDA_PREFIX")
    # The manager that Conda installs looks there; that of pip does not.
    if conda and (Path(sys.prefix) / "conda-meta").is_dir():
        yield Path(conda) / "etc" / "adbc" / "profiles"
    home = os.environ.get("HOME")
    if sys.platform == "win32":
        if local := os.environ.get("LOCALAPPDATA"):
            yield Path(local) / "ADBC" / "Profiles"
    elif sys.platform == "darwin":
        if home:
            yield Path(home) / "Library" / "Application Support" / "ADBC" / "Profiles"
    elif (config := os.environ.get("XDG_CONFIG_HOME")) is not None:
        yield Path(config) / "adbc" / "profiles"
    elif home:
        yield Path(home) / ".config" / "adbc" / "profiles"


def _flat(path: Path, table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a table and of those within, by names with points."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _flat(path, value, f"{prefix}{key}.")
        elif isinstance(value, str | int | float):
            yield f"{prefix}{key}", value
        else:
            raise _wrong(
                path, f"{prefix}{key}", f"expected text, a number or true or false, not {type(value).__name__}"
            )


def _setting(path: Path, key: str) -> str:
    if key.startswith(OURS):
        return key.removeprefix(OURS)
    if key in _NAMES:
        return _NAMES[key]
    known = ", ".join(["uri", *_NAMES, _ISOLATION])
    raise _wrong(path, key, f"no such option; there are {known} and {OURS}NAME for each setting")


def _replaced(path: Path, key: str, value: str) -> str:
    """The text with `{{ env_var(NAME) }}` replaced; one that is not set is empty."""

    def variable(match: re.Match[str]) -> str:
        content = match[1].strip()
        found = _VARIABLE.fullmatch(content)
        if found is None:
            raise _wrong(path, key, f"expected {{{{ env_var(NAME) }}}}, not {{{{ {content} }}}}")
        text = os.environ.get(found[1], "")
        if not text and value.strip() == match[0] and key in ("username", "password"):
            raise _wrong(path, key, f"the environment variable {found[1]} is not set")
        return text

    return _PLACE.sub(variable, value)


def _wrong(path: Path, key: str, what: str) -> InterfaceError:
    return InterfaceError(f"profile {path}: {key}: {what}")
