"""What the functions of the shop share: its database, and how input is checked.

The database is one SQLite file in the folder that SHOP_DATA names (default: a folder of the shop's own in the system's
folder for temporary files). Every function may be called twice with the same input; the second call changes nothing.
"""
import contextlib
import os
import pathlib
import re
import sqlite3
import tempfile

SCHEMA = """
CREATE TABLE product (sku TEXT PRIMARY KEY, name TEXT NOT NULL, price_cents INTEGER NOT NULL, stock INTEGER NOT NULL);
CREATE TABLE reservation (order_id TEXT, sku TEXT, quantity INTEGER NOT NULL, released INTEGER NOT NULL, PRIMARY KEY (order_id, sku));
CREATE TABLE payment_attempt (order_id TEXT PRIMARY KEY, attempts INTEGER NOT NULL);
CREATE TABLE payment (order_id TEXT PRIMARY KEY, charge_id TEXT NOT NULL, amount_cents INTEGER NOT NULL, refund_id TEXT);
CREATE TABLE shipment (order_id TEXT PRIMARY KEY, tracking_number TEXT NOT NULL, destination TEXT NOT NULL);
CREATE TABLE message (order_id TEXT, email TEXT, subject TEXT, PRIMARY KEY (order_id, email, subject));
"""

PRODUCTS = [
    ("TEA-ASSAM-250", "Assam tea, 250 g", 1290, 500),
    ("TEA-SENCHA-100", "Sencha, 100 g", 1850, 200),
    ("POT-CAST-IRON", "Cast iron pot, 1.2 l", 8900, 40),
    ("CUP-STONEWARE", "Stoneware cup", 1400, 300),
    ("SAMOVAR-BRASS", "Brass samovar, 5 l", 64000, 6),
]


class StockBusy(Exception):
    """Somebody else is writing; trying again helps."""


def folder():
    """Where the shop keeps its data."""
    given = os.environ.get("SHOP_DATA") or os.path.join(tempfile.gettempdir(), "stepwright-shop")
    path = pathlib.Path(given)
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def database():
    """The shop's database in a transaction: all of it is written, or nothing."""
    connection = sqlite3.connect(folder() / "shop.sqlite", timeout=5, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("BEGIN IMMEDIATE")
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'product'").fetchone():
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            connection.executemany("INSERT INTO product VALUES (?, ?, ?, ?)", PRODUCTS)
        yield connection
        connection.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise StockBusy(str(error)) from error
        raise
    finally:
        connection.close()


class Problem(Exception):
    """Input that does not fit; each function gives it the name that the workflow knows."""


def member(value, name, kind):
    """The member of an object, which must be there and of the kind (`str` means: not empty)."""
    if not isinstance(value, dict):
        raise Problem(f"expected an object with the member {name!r}")
    found = value.get(name)
    if not isinstance(found, kind) or isinstance(found, bool) or found == "":
        raise Problem(f"{name!r} must be given as {WORDS[kind]}")
    return found


def order_id(value):
    """The id of the order that an event is about."""
    found = member(value, "orderId", str)
    if not re.fullmatch(r"[A-Za-z0-9-]{1,40}", found):
        raise Problem("'orderId' consists of 1 to 40 letters, digits and hyphens")
    return found


def positive(value, name, most):
    """A positive integer member up to a limit."""
    found = member(value, name, int)
    if not 1 <= found <= most:
        raise Problem(f"{name!r} must lie between 1 and {most}")
    return found


WORDS = {str: "text", int: "an integer", list: "a list", dict: "an object"}
