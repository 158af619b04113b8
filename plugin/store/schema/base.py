"""The schema's collection of tables, and the type of row numbers."""

from sqlalchemy import BigInteger, Integer, MetaData

metadata = MetaData()

# Of a row. A completion takes five rows of history, so that 32 bits would be used up. SQLite's integers have 64 as
# they are, and it numbers rows by itself only where the type is called INTEGER.
Number = BigInteger().with_variant(Integer, "sqlite")
