"""`drdarrow.retry` calls again what may succeed then, and gives up loudly."""

from __future__ import annotations

import asyncio

import pytest

import drdarrow
from drdarrow import aio


class Work:
    """Fails with the errors in turn, then returns."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return self.calls

    async def later(self) -> int:
        return self()


def deadlock(text: str = "deadlock") -> drdarrow.OperationalError:
    return drdarrow.OperationalError(text, sqlstate="40001", retryable=True)


def test_work_is_done_again_where_the_error_says_so() -> None:
    assert drdarrow.retry(Work(deadlock(), deadlock()), backoff=0) == 3
    assert asyncio.run(aio.retry(Work(deadlock()).later, backoff=0)) == 2


def test_another_error_is_told_at_once() -> None:
    work = Work(drdarrow.OperationalError("no"))
    with pytest.raises(drdarrow.OperationalError, match="no"):
        drdarrow.retry(work, backoff=0)
    assert work.calls == 1


def test_the_end_names_all_causes() -> None:
    work = Work(deadlock("first"), deadlock("second"), deadlock("third"))
    with pytest.raises(drdarrow.OperationalError, match="second") as caught:
        drdarrow.retry(work, attempts=2, backoff=0)
    assert "given up after 2 attempts" in caught.value.__notes__[0] and "first" in caught.value.__notes__[0]
    assert work.calls == 2


def test_the_user_may_say_when() -> None:
    assert drdarrow.retry(Work(KeyError("x")), on=KeyError, backoff=0) == 2
    assert drdarrow.retry(Work(KeyError("x")), on=(KeyError, ValueError), backoff=0) == 2
    assert drdarrow.retry(Work(ValueError("again")), on=lambda e: "again" in str(e), backoff=0) == 2
    with pytest.raises(drdarrow.OperationalError):
        drdarrow.retry(Work(deadlock()), on=KeyError, backoff=0)


def test_an_interrupt_is_never_retried() -> None:
    calls = []

    def work() -> None:
        calls.append(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        drdarrow.retry(work, backoff=0)
    assert calls == [1]


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"attempts": 1.5}, {"backoff": -1}, {"backoff": 1e9}, {"backoff": "x"},
                                   {"on": 5}, {"on": int}, {"on": (ValueError, 5)}])
def test_arguments_that_mean_nothing_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(drdarrow.InterfaceError, match=next(iter(wrong))):
        drdarrow.retry(Work(), **wrong)  # type: ignore[arg-type]


def test_work_of_the_other_kind_is_refused() -> None:
    async def task() -> int:
        return 1

    with pytest.raises(drdarrow.InterfaceError, match=r"coroutine function is for drdarrow\.aio\.retry"):
        drdarrow.retry(task)
    with pytest.raises(drdarrow.InterfaceError, match=r"drdarrow\.retry\(\) is for others"):
        asyncio.run(aio.retry(lambda: 1))  # type: ignore[arg-type, return-value]
    calls: list[int] = []
    with pytest.raises(drdarrow.InterfaceError, match="for others"):
        asyncio.run(aio.retry(lambda: calls.append(1), backoff=0, on=Exception))  # type: ignore[arg-type, return-value]
    assert calls == [1]
    with pytest.raises(drdarrow.InterfaceError, match="function without arguments, not int"):
        drdarrow.retry(5)  # type: ignore[arg-type]
