"""Work on several databases that is kept or undone as a whole.

    with drdarrow.distributed(a, b):
        a.execute("UPDATE accounts SET amount = amount - 10 WHERE id = 1")
        b.execute("UPDATE accounts SET amount = amount + 10 WHERE id = 7")

Two phases: each database promises to keep its part, then a decision is written to a log, then each is told. Where a
process, a database or the line between them fails in the middle, `recover()` finishes what was decided and undoes the
rest.
"""

from drdarrow.tpc.distributed import AsyncDistributed, Distributed, distributed, distributed_async
from drdarrow.tpc.log import default_path
from drdarrow.tpc.recovery import Resolved, recover, recover_async

__all__ = [
    "AsyncDistributed",
    "Distributed",
    "Resolved",
    "default_path",
    "distributed",
    "distributed_async",
    "recover",
    "recover_async",
]
