"""The dialect of SQLAlchemy for Db2 (LUW, i, z/OS) and Derby.

    from sqlalchemy import create_engine

    engine = create_engine("drda://user:secret@host:446/database")

`drda+aio://` is the same for `create_async_engine`. The settings of `drdarrow.connect` are parameters of the URL. The
server says at the first connection which product it is, and statements are compiled for that one.
"""

from drdarrow.sqlalchemy.types import (
    DBCLOB,
    DECFLOAT,
    GRAPHIC,
    TIMESTAMP,
    VARGRAPHIC,
    XML,
    CharForBitData,
    VarCharForBitData,
)

__all__ = [
    "DBCLOB",
    "DECFLOAT",
    "GRAPHIC",
    "TIMESTAMP",
    "VARGRAPHIC",
    "XML",
    "CharForBitData",
    "VarCharForBitData",
]
