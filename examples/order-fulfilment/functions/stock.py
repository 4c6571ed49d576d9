"""Reserves stock for the lines of an order, and releases it again.

A reservation may still be under way when the workflow has given the order up already. What was released is therefore
closed: nothing can be reserved for it any more.
"""
import shop
from shop import StockBusy  # noqa: F401  (raised by the database; the workflow retries it)


class InvalidReservation(Exception):
    """The request makes no sense."""


class OrderClosed(Exception):
    """The order was given up."""


class OutOfStock(Exception):
    """There is not enough of it."""


def reserve(event, context):
    try:
        order_id, sku = shop.order_id(event), shop.member(event, "sku", str)
        quantity = shop.positive(event, "quantity", 1000)
    except shop.Problem as problem:
        raise InvalidReservation(str(problem)) from None
    with shop.database() as database:
        found = line(database, order_id, sku)
        if found and found["released"]:
            raise OrderClosed(f"order {order_id} was cancelled before {sku} was reserved")
        if not found:
            take(database, sku, quantity)
            database.execute("INSERT INTO reservation VALUES (?, ?, ?, 0)", [order_id, sku, quantity])
    print(f"order {order_id}: reserved {quantity} x {sku}")
    return {"sku": sku, "reserved": quantity}


def release(event, context):
    try:
        order_id, sku = shop.order_id(event), shop.member(event, "sku", str)
    except shop.Problem as problem:
        raise InvalidReservation(str(problem)) from None
    with shop.database() as database:
        found = line(database, order_id, sku)
        quantity = found["quantity"] if found and not found["released"] else 0
        database.execute("UPDATE product SET stock = stock + ? WHERE sku = ?", [quantity, sku])
        database.execute("INSERT OR REPLACE INTO reservation VALUES (?, ?, 0, 1)", [order_id, sku])
    print(f"order {order_id}: released {quantity} x {sku}")
    return {"sku": sku, "released": quantity}


def line(database, order_id, sku):
    """What is known of this product in this order."""
    query = "SELECT quantity, released FROM reservation WHERE order_id = ? AND sku = ?"
    return database.execute(query, [order_id, sku]).fetchone()


def take(database, sku, quantity):
    query = "UPDATE product SET stock = stock - ? WHERE sku = ? AND stock >= ?"
    if database.execute(query, [quantity, sku, quantity]).rowcount == 0:
        raise OutOfStock(f"fewer than {quantity} of {sku} are left")
