"""The public compliance suite of PEP 249 (package dbapi-compliance) against Derby."""

import dbapi20
import pytest

import drdarrow


@pytest.fixture(scope="class")
def database(request: pytest.FixtureRequest, lab) -> None:
    """unittest classes take settings from class attributes."""
    request.cls.connect_args = (lab.uri(),)
    request.cls.connect_kw_args = {"timeout": 15}
    lab.server.compile("Procedures.java")
    with lab.connect() as connection:
        connection.execute(
            "CREATE PROCEDURE LOWERED(IN A VARCHAR(40)) LANGUAGE JAVA PARAMETER STYLE JAVA READS SQL DATA "
            "DYNAMIC RESULT SETS 1 EXTERNAL NAME 'Procedures.lowered'"
        )


@pytest.mark.usefixtures("database")
class TestCompliance(dbapi20.DatabaseAPI20Test):
    driver = drdarrow
    lower_func = "LOWERED"

    def test_nextset(self) -> None:
        """The suite leaves it to the driver: here without a second result."""
        connection = self._connect()
        try:
            cursor = connection.cursor()
            cursor.execute("VALUES 1")
            assert cursor.nextset() is None
        finally:
            connection.close()

    def test_setoutputsize(self) -> None:
        connection = self._connect()
        try:
            connection.cursor().setoutputsize(1000)
        finally:
            connection.close()

    def test_non_idempotent_close(self) -> None:
        """The suite would have a second close() fail ("reasonable persons differ"); ours does nothing, as in sqlite3."""
        connection = self._connect()
        connection.close()
        connection.close()
