"""Passwords from elsewhere: `connect(uri, password=keyring("prod"))`. `password` takes any callable without arguments,
which is called for each login: that of a reset asks again."""

from __future__ import annotations

from collections.abc import Callable

from drdarrow.exceptions import InterfaceError

__all__ = ["keyring"]


def keyring(service: str, user: str) -> Callable[[], str]:
    """The password of `user` for `service` in the keyring of the system. Needs `pip install drdarrow[keyring]`."""

    def password() -> str:
        import keyring as rings

        found: str | None = rings.get_password(service, user)
        if found is None:
            raise InterfaceError(
                f"the keyring has no password of {user!r} for {service!r}: keyring set {service} {user}"
            )
        return found

    return password
