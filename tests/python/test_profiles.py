"""Where settings come from: arguments, the URI, the environment, profiles of ADBC; passwords from callables."""

import asyncio
import sys
import threading
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import adbc_driver_manager
import duckdb
import pytest

import drdarrow
from drdarrow import aio, profiles, server
from drdarrow.passwords import keyring

VARIABLES = ("DRDARROW_URI", "DRDARROW_USER", "DRDARROW_PASSWORD", "ADBC_PROFILE_PATH", "XDG_CONFIG_HOME", "CONDA_PREFIX")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def srv() -> Iterator[server.Server]:
    with server.serve(duckdb.connect(), users={"ann": "apple", "bob": "berry"}) as srv:
        yield srv


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Writes a profile into a directory that is searched."""
    monkeypatch.setenv("ADBC_PROFILE_PATH", str(tmp_path))

    def write(options: str, name: str = "prod", driver: str = "drdarrow", version: str = "1") -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(f'profile_version = {version}\ndriver = "{driver}"\n[Options]\n{options}\n')
        return path

    return write


def address(srv: server.Server, login: str = "") -> str:
    return f"drda://{login}127.0.0.1:{srv.port}/SAMPLE"


def who(connection: drdarrow.Connection) -> str:
    with connection:
        return connection.execute("VALUES CURRENT USER").fetchone()[0].strip().lower()


def test_the_environment_gives_what_no_argument_does(srv: server.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRDARROW_URI", address(srv))
    monkeypatch.setenv("DRDARROW_USER", "ann")
    monkeypatch.setenv("DRDARROW_PASSWORD", "apple")
    assert who(drdarrow.connect()) == "ann"
    assert who(drdarrow.connect(address(srv))) == "ann"
    assert who(drdarrow.connect(user="bob", password="berry")) == "bob"
    assert who(drdarrow.connect(address(srv, "bob:berry@"))) == "bob"
    monkeypatch.setenv("DRDARROW_PASSWORD", "berry")
    assert who(drdarrow.connect(address(srv, "bob@"))) == "bob"
    # Another host is another matter.
    with pytest.raises(drdarrow.InterfaceError, match="database"):
        drdarrow.connect(host="127.0.0.1")


def test_a_password_goes_with_its_user(srv: server.Server, monkeypatch: pytest.MonkeyPatch, profile) -> None:
    monkeypatch.setenv("DRDARROW_URI", address(srv, "ann:apple@"))
    assert who(drdarrow.connect()) == "ann"
    with pytest.raises(drdarrow.Error) as caught:
        drdarrow.connect(user="bob")
    assert "password" in str(caught.value).lower()
    profile(f'uri = "{address(srv)}"\nusername = "ann"\npassword = "apple"')
    assert who(drdarrow.connect("profile://prod")) == "ann"
    with pytest.raises(drdarrow.Error, match="assword"):
        drdarrow.connect("profile://prod", user="bob")
    assert who(drdarrow.connect("profile://prod", user="bob", password="berry")) == "bob"
    monkeypatch.setenv("DRDARROW_USER", "bob")
    with pytest.raises(drdarrow.Error, match="assword"):
        drdarrow.connect("profile://prod")
    monkeypatch.setenv("DRDARROW_PASSWORD", "berry")
    assert who(drdarrow.connect("profile://prod")) == "bob"


def test_an_error_of_the_environment_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRDARROW_URI", "drda://host")
    with pytest.raises(drdarrow.InterfaceError, match="DRDARROW_URI: uri: the database name is missing"):
        drdarrow.connect()
    monkeypatch.setenv("DRDARROW_URI", "")
    with pytest.raises(drdarrow.InterfaceError, match="host: is missing"):
        drdarrow.connect()


def test_a_profile_has_the_settings(srv: server.Server, profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROD_PW", "apple")
    monkeypatch.setenv("WHERE", address(srv).removeprefix("drda://"))
    profile(
        'uri = "drda://{{ env_var(WHERE) }}"\nusername = "ann"\npassword = "{{env_var(PROD_PW)}}"\n'
        "adbc.connection.autocommit = true\nadbc.drda.batch_rows = 7"
    )
    for uri in ("profile://prod", f"profile://{profiles.find('prod')}", f"profile://{str(profiles.find('prod')).removesuffix('.toml')}"):
        connection = drdarrow.connect(uri)
        assert connection.autocommit is True and who(connection) == "ann"
    assert drdarrow.connect("profile://prod", autocommit=False).autocommit is False
    connection = drdarrow.connect("profile://prod")
    rows = [batch.num_rows for batch in connection.execute("SELECT * FROM (VALUES 1,2,3,4,5,6,7,8,9) AS T(A)").fetch_arrow()]
    assert rows == [7, 2]
    connection.close()
    monkeypatch.setenv("DRDARROW_URI", "profile://prod")
    assert who(drdarrow.connect()) == "ann"


@pytest.mark.parametrize(
    ("level", "isolation"),
    [("read_uncommitted", "ur"), ("read_committed", "cs"), ("repeatable_read", "rs"), ("serializable", "rr")],
)
def test_isolation_has_the_names_of_adbc(profile, level: str, isolation: str) -> None:
    profile(f'adbc.connection.transaction.isolation_level = "adbc.connection.transaction.isolation.{level}"')
    assert profiles.load("prod").settings == {"isolation": isolation}


def test_a_wrong_profile_is_told_with_its_file_and_key(profile, monkeypatch: pytest.MonkeyPatch) -> None:
    for options, words in [
        ('adbc.drda.tiemout = 3', "tiemout"),
        ('adbc.drda.timeout = "soon"', "timeout"),
        ('adbc.postgresql.quirk = 1', "adbc.postgresql.quirk: no such option; there are uri, username"),
        ('uri = "profile://other"', "uri: expected drda://"),
        ('uri = "db2://host"', "uri"),
        ('password = "{{ env_var(NOT_THERE) }}"', "password: the environment variable NOT_THERE is not set"),
        ('username = "{{ vault(X) }}"', "username: expected {{ env_var(NAME) }}, not {{ vault(X) }}"),
        ('adbc.connection.transaction.isolation_level = "x"', "isolation_level: expected one of"),
        ("adbc.drda.columns = [1]", "adbc.drda.columns: expected text"),
        ("=", "it cannot be read"),
    ]:
        path = profile(options)
        with pytest.raises(drdarrow.InterfaceError) as caught:
            drdarrow.connect("profile://prod")
        assert f"profile {path}: " in str(caught.value) and words in str(caught.value), caught.value
    profile("", version='"1"')
    with pytest.raises(drdarrow.InterfaceError, match="profile_version: expected profile_version = 1"):
        drdarrow.connect("profile://prod")
    profile("", driver="postgresql")
    with pytest.raises(drdarrow.InterfaceError, match="driver: expected drdarrow, not 'postgresql'"):
        drdarrow.connect("profile://prod")
    with pytest.raises(drdarrow.InterfaceError, match="there is no nowhere.toml in .*ADBC_PROFILE_PATH names further"):
        drdarrow.connect("profile://nowhere")
    for name in ("", "/no/such/file"):
        with pytest.raises(drdarrow.InterfaceError, match="profile"):
            drdarrow.connect(f"profile://{name}")


def judged(uri: str) -> str:
    """The driver manager's outcome of a profile: the error that it ends in, for want of a driver."""
    with pytest.raises(Exception) as caught:
        adbc_driver_manager.AdbcDatabase(uri=uri)
    return str(caught.value)


def test_profiles_lie_where_the_driver_manager_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge: adbc_driver_manager, which names the driver of the profile that it found."""
    first, second, home = tmp_path / "a", tmp_path / "b", tmp_path / "home"
    config = home / ".config" / "adbc" / "profiles"
    for folder in (first, second, config):
        folder.mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("ADBC_PROFILE_PATH", f"{first}:{second}")

    def write(folder: Path, name: str, mark: str) -> None:
        (folder / f"{name}.toml").write_text(f'profile_version = 1\ndriver = "drdarrow_{mark}"\n[Options]\n')

    write(config, "one", "home")
    write(config, "two", "home")
    write(second, "two", "second")
    write(config, "three", "home")
    write(second, "three", "second")
    write(first, "three", "first")
    write(second, "dotted", "second")
    for name, folder in [("one", config), ("two", second), ("three", first), ("dotted.eu", second), (f"{second}/two", second), (f"{second}/two.toml", second)]:
        mark = {config: "home", second: "second", first: "first"}[folder]
        assert f"drdarrow_{mark}" in judged(f"profile://{name}"), name
        assert profiles.find(name).parent == folder
    assert "Profile not found" in judged("profile://four")
    if sys.platform == "linux":
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
        assert "Profile not found" in judged("profile://one")
        with pytest.raises(drdarrow.InterfaceError, match="xdg/adbc/profiles"):
            profiles.find("one")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a {{ env_var(ONE) }} b{{env_var(ONE)}}", "a 1 b1"),
        ("{{ env_var(NONE) }}x", "x"),
        ("{{{ env_var(ONE) }}", "{1"),
        ("{ env_var(ONE) }", "{ env_var(ONE) }"),
        ("{{ env_var(ONE) }", "{{ env_var(ONE) }"),
        ("{{ env_var() }}", None),
        ("{{ env_var(ONE }}", None),
        ("{{ other(ONE) }}", None),
        ("{{}}", None),
    ],
)
def test_variables_are_replaced_as_by_the_driver_manager(text: str, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Judge: adbc_driver_manager, whose error about a driver that is not there names it; the value is the driver's URI."""
    monkeypatch.setenv("ONE", "1")
    path = tmp_path / "p.toml"
    path.write_text(f'profile_version = 1\n[Options]\nuri = "{text}://x"\n')
    told = judged(f"profile://{path}")
    if expected is None:
        assert "In profile" in told
        with pytest.raises(drdarrow.InterfaceError, match=r"p.toml: uri: expected \{\{ env_var\(NAME\) \}\}"):
            profiles.load(str(path))
    else:
        assert "In profile" not in told
        assert profiles.load(str(path)).uri == f"{expected}://x"


def test_a_callable_gives_the_password_once(srv: server.Server) -> None:
    calls = []

    def ask() -> str:
        calls.append(threading.get_ident())
        return "apple"

    connection = drdarrow.connect(address(srv, "ann@"), password=ask)
    assert who(connection) == "ann" and calls == [threading.get_ident()]
    for wrong, words in [(lambda: None, "the callable gave NoneType, not a str"), (lambda: b"x", "the callable gave bytes")]:
        with pytest.raises(drdarrow.InterfaceError, match=words):
            drdarrow.connect(address(srv, "ann@"), password=wrong)

    async def later() -> str:
        return "apple"

    with pytest.raises(drdarrow.InterfaceError, match="gives a coroutine"):
        drdarrow.connect(address(srv, "ann@"), password=later)
    with pytest.raises(drdarrow.InterfaceError, match="password: the URI says otherwise"):
        drdarrow.connect(address(srv, "ann:x@"), password=ask)
    with pytest.raises(ZeroDivisionError):
        drdarrow.connect(address(srv, "ann@"), password=lambda: 1 // 0)


def test_a_coroutine_function_gives_the_password(srv: server.Server) -> None:
    async def later() -> str:
        await asyncio.sleep(0)
        return "apple"

    async def work() -> None:
        for source in (later, lambda: "apple", lambda: later()):
            async with aio.connect(address(srv, "ann@"), password=source) as connection:
                assert not connection.closed
        with pytest.raises(drdarrow.InterfaceError, match="the callable gave int"):
            await aio.connect(address(srv, "ann@"), password=lambda: 1)
        with pytest.raises(drdarrow.InterfaceError, match="the callable gave int"):
            await aio.connect_files("drda://ann@127.0.0.1:1", password=lambda: 1)
        with pytest.raises(drdarrow.InterfaceError, match="the callable gave int"):
            await aio.open_file("drda://ann@127.0.0.1:1/A/B", password=lambda: 1)

    asyncio.run(work())


def test_a_keyring_gives_the_password(srv: server.Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module stands in for the package `keyring`, which keeps no passwords on a machine without a desktop."""
    kept = {("shop", "ann"): "apple"}
    fake = types.SimpleNamespace(get_password=lambda service, user: kept.get((service, user)))
    monkeypatch.setitem(sys.modules, "keyring", fake)
    assert who(drdarrow.connect(address(srv, "ann@"), password=keyring("shop", "ann"))) == "ann"
    with pytest.raises(drdarrow.InterfaceError, match="no password of 'bob' for 'shop'"):
        drdarrow.connect(address(srv, "bob@"), password=keyring("shop", "bob"))


def test_files_take_the_same_sources(profile, monkeypatch: pytest.MonkeyPatch) -> None:
    import pyarrow as pa

    files = {"SHOP/ORDERS": pa.table({"ID": pa.array([1, 2], pa.int32())})}
    with server.serve(persona="ibmi", files=files, users={"ann": "apple"}) as srv:
        root = f"drda://127.0.0.1:{srv.port}"
        monkeypatch.setenv("DRDARROW_USER", "ann")
        monkeypatch.setenv("DRDARROW_PASSWORD", "apple")
        monkeypatch.setenv("DRDARROW_URI", f"{root}/SHOP/ORDERS?signon_port=0")
        with drdarrow.open_file(password_level=2) as file:
            assert file.records == 2
        profile(f'uri = "{root}/SHOP/ORDERS"\nadbc.drda.signon_port = 0\nadbc.drda.password_level = 2')
        with drdarrow.open_file("profile://prod") as file:
            assert file.records == 2
        monkeypatch.delenv("DRDARROW_PASSWORD")
        with drdarrow.open_file("profile://prod", password=lambda: "apple") as file:
            assert file.records == 2
