"""Getting to a database: addresses, security mechanisms, what a connection tells about itself."""

import gc
import logging

import pytest
from conftest import Lab
from derby import USERS, Derby
from peers import ACCSEC, EXCSAT, RDBCMM, RDBRLLBCK, Proxy, wait_for

import drdarrow

PASSWORD = "labpw"
WRONG = "Sup3r-s3cret^[!]x"


def one(connection: drdarrow.Connection) -> int:
    return connection.execute("VALUES 1").fetchone()[0]


def test_module_globals() -> None:
    assert drdarrow.apilevel == "2.0"
    assert drdarrow.paramstyle == "qmark"
    assert drdarrow.threadsafety in (1, 2, 3)
    assert isinstance(drdarrow.__version__, str)
    for name in ("InterfaceError", "DatabaseError"):
        assert issubclass(getattr(drdarrow, name), drdarrow.Error)
    for name in (
        "DataError",
        "OperationalError",
        "IntegrityError",
        "InternalError",
        "ProgrammingError",
        "NotSupportedError",
    ):
        assert issubclass(getattr(drdarrow, name), drdarrow.DatabaseError)
    assert not issubclass(drdarrow.Warning, drdarrow.Error)


def test_uri(lab: Lab) -> None:
    with drdarrow.connect(f"drda://app@127.0.0.1:{lab.port}/LAB?timeout=10&isolation=cs") as connection:
        assert one(connection) == 1


def test_names_in_place_of_a_uri(lab: Lab) -> None:
    with drdarrow.connect(host="localhost", port=lab.port, database="LAB", user="app", timeout=10) as connection:
        assert one(connection) == 1


def test_attributes_create_a_database(lab: Lab) -> None:
    for number, settings in enumerate(
        (
            {"attributes": {"create": "true"}},
            {"attributes": {"create": "true", "territory": "de_DE"}},
        )
    ):
        connection = drdarrow.connect(
            host="127.0.0.1", port=lab.port, database=f"memory:made{number}", user="app", timeout=15, **settings
        )
        with connection:
            assert one(connection) == 1
    with drdarrow.connect(
        f"drda://app@127.0.0.1:{lab.port}/memory:made2?attributes=create=true", timeout=15
    ) as connection:
        assert one(connection) == 1


def test_what_a_connection_tells(lab: Lab) -> None:
    with lab.connect() as connection:
        told = str(dict(connection.server))
        # Derby's EXCSATRD says SRVCLSNM "Apache Derby" and SRVRLSLV "CSS10140/10.14...".
        assert "Derby" in told
        assert "10.14" in told or "CSS10140" in told
        assert "LAB" in repr(connection) and "127.0.0.1" in repr(connection)
        assert not connection.closed
        assert connection.autocommit is False
        for name in (
            "Warning",
            "Error",
            "InterfaceError",
            "DatabaseError",
            "DataError",
            "OperationalError",
            "IntegrityError",
            "InternalError",
            "ProgrammingError",
            "NotSupportedError",
        ):
            assert getattr(connection, name) is getattr(drdarrow, name)
    assert connection.closed


def test_everything_after_close_is_an_interface_error(lab: Lab) -> None:
    connection = lab.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT ID FROM INTS")
    connection.close()
    for action in (
        connection.commit,
        connection.rollback,
        connection.cursor,
        cursor.fetchone,
        lambda: cursor.execute("VALUES 1"),
        lambda: connection.execute("VALUES 1"),
    ):
        with pytest.raises(drdarrow.Error):
            action()


def test_with_commits_rolls_back_and_closes(lab: Lab, table, proxy: Proxy) -> None:
    name = table("ID INTEGER")
    with lab.connect(proxy.port) as connection:
        connection.execute(f"INSERT INTO {name} VALUES (1)")
    assert connection.closed and RDBCMM in proxy.commands
    proxy.forget()
    with pytest.raises(KeyError, match="mine"), lab.connect(proxy.port) as connection:
        connection.execute(f"INSERT INTO {name} VALUES (2)")
        raise KeyError("mine")
    assert connection.closed and RDBCMM not in proxy.commands
    with lab.connect() as connection:
        assert connection.execute(f"SELECT ID FROM {name}").fetchall() == [(1,)]


def test_close_undoes_what_was_not_committed(lab: Lab, table) -> None:
    name = table("ID INTEGER")
    connection = lab.connect()
    connection.execute(f"INSERT INTO {name} VALUES (1)")
    connection.close()
    with lab.connect() as connection:
        assert connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() == (0,)


def test_a_forgotten_connection_is_closed(lab: Lab) -> None:
    with Proxy(lab.port) as proxy:
        connection = lab.connect(proxy.port)
        connection.execute("SELECT ID FROM INTS").fetchone()
        del connection
        gc.collect()
        assert wait_for(lambda: proxy.ended == 1, 5)


@pytest.mark.parametrize("security", ["auto", "password", "substitute"])
@pytest.mark.parametrize("user", list(USERS))
def test_security_mechanisms(builtin: Lab, security: str, user: str) -> None:
    with drdarrow.connect(builtin.uri(user=user), password=USERS[user], security=security, timeout=15) as connection:
        # Derby's authorization identifier is the user's name in upper case.
        assert connection.execute("VALUES CURRENT_USER").fetchone() == (user.upper(),)


def test_user_alone(lab: Lab, builtin: Lab) -> None:
    with lab.connect(security="user") as connection:
        assert one(connection) == 1
    with pytest.raises(drdarrow.OperationalError) as caught:
        builtin.connect(security="user").close()
    assert caught.value.sqlstate in ("28000", "08004", "08001")


def test_a_mechanism_that_the_server_does_not_offer(builtin: Lab) -> None:
    """Derby on OpenJDK 17 offers SECMEC 3, 4 and 8; 9 must not fall back to 3 in silence."""
    with Proxy(builtin.port) as proxy:
        with pytest.raises(drdarrow.OperationalError) as caught:
            drdarrow.connect(builtin.uri(proxy.port, "lab"), password=PASSWORD, security="encrypted", timeout=15)
        assert caught.value.sqlstate in ("08001", "08004")
        assert PASSWORD.encode() not in proxy.sent and PASSWORD.encode("cp500") not in proxy.sent


def test_substitute_never_sends_the_password(builtin: Lab) -> None:
    with Proxy(builtin.port) as proxy:
        drdarrow.connect(builtin.uri(proxy.port, "lab"), password=PASSWORD, security="substitute", timeout=15).close()
        assert proxy.commands[:2] == [EXCSAT, ACCSEC]
        assert PASSWORD.encode() not in proxy.sent and PASSWORD.encode("cp500") not in proxy.sent


@pytest.mark.parametrize("security", ["auto", "password", "substitute"])
@pytest.mark.parametrize(("user", "password"), [("lab", WRONG), ("nobody", WRONG), ("lab", "labp\u00e4")])
def test_wrong_login(builtin: Lab, security: str, user: str, password: str) -> None:
    """One text for a wrong password and an unknown user. Derby: SECCHKRM 13 for SECMEC 3, RDBAFLRM 08004 for 8."""
    with pytest.raises(drdarrow.OperationalError) as caught:
        drdarrow.connect(builtin.uri(user=user), password=password, security=security, timeout=15)
    error = caught.value
    assert (error.sqlstate, error.phase) == ("28000", "security")
    assert "user id or password is wrong" in str(error)
    assert error.connection_usable is False
    assert password not in str(error) + repr(error) + repr(error.args)


def test_a_password_is_nowhere_to_be_seen(
    builtin: Lab, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        connection = drdarrow.connect(builtin.uri(user="lab"), password=PASSWORD, timeout=15)
        seen = [repr(connection), str(connection), repr(dict(connection.server)), repr(connection.cursor())]
        with pytest.raises(drdarrow.ProgrammingError) as caught:
            connection.execute("SELEC")
        error = caught.value
        seen += [str(error), repr(error), repr(vars(error)), error.peer or "", error.hint or ""]
        connection.rollback()
        connection.close()
        with pytest.raises(drdarrow.Error) as caught:
            drdarrow.connect(
                f"drda://lab:{WRONG.replace('^', '%5E').replace('[', '%5B').replace(']', '%5D')}@127.0.0.1:{builtin.port}/LAB?tiemout=3"
            )
        seen += [str(caught.value), repr(caught.value)]
    seen += [caplog.text, *capfd.readouterr()]
    for text in seen:
        assert PASSWORD not in text and WRONG not in text


def test_a_uri_may_carry_the_password(builtin: Lab) -> None:
    with drdarrow.connect(f"drda://lab:{PASSWORD}@127.0.0.1:{builtin.port}/LAB", timeout=15) as connection:
        assert PASSWORD not in repr(connection)
        assert one(connection) == 1


def test_many_connections_one_after_another(lab: Lab) -> None:
    for _ in range(30):
        with lab.connect() as connection:
            assert one(connection) == 1


def test_rollback_is_asked_of_the_server(lab: Lab, proxy: Proxy, table) -> None:
    name = table("ID INTEGER")
    connection = lab.connect(proxy.port)
    connection.execute(f"INSERT INTO {name} VALUES (1)")
    connection.rollback()
    assert RDBRLLBCK in proxy.commands
    connection.close()


def test_settings_of_every_name(derby: Derby, lab: Lab) -> None:
    connection = drdarrow.connect(
        host="127.0.0.1",
        port=derby.port,
        database="LAB",
        user="app",
        security="auto",
        autocommit=True,
        isolation="rr",
        block_size=32767,
        application_name="tests",
        statement_timeout=30,
        timeout=15,
    )
    with connection:
        assert connection.autocommit is True
        assert connection.execute("SELECT COUNT(*) FROM INTS").fetchone() == (100_000,)
