"""Checks an order as it comes from the shop, looks its prices up and computes what it costs."""
import re

import shop


class InvalidOrder(Exception):
    """The order cannot be carried out as it is; trying again does not help."""


def handler(event, context):
    try:
        order = checked(event)
    except shop.Problem as problem:
        raise InvalidOrder(str(problem)) from None
    with shop.database() as database:
        order["lines"] = [priced(database, line) for line in order["lines"]]
    order["totalCents"] = sum(line["quantity"] * line["priceCents"] for line in order["lines"])
    print(f"order {order['orderId']}: {len(order['lines'])} lines, {order['totalCents'] / 100:.2f}")
    return order


def checked(event):
    customer = shop.member(event, "customer", dict)
    address = shop.member(event, "address", dict)
    email = shop.member(customer, "email", str)
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise shop.Problem(f"{email!r} is no e-mail address")
    country = shop.member(address, "country", str)
    if not re.fullmatch(r"[A-Z]{2}", country):
        raise shop.Problem("'country' must be given as a code of two letters")
    card = shop.member(shop.member(event, "payment", dict), "card", str)
    if not re.fullmatch(r"\d{16}", card):
        raise shop.Problem("'card' must have 16 digits")
    return {
        "orderId": shop.order_id(event),
        "customer": {"name": shop.member(customer, "name", str), "email": email},
        "address": {name: shop.member(address, name, str) for name in ("street", "city", "country")},
        "payment": {"card": card},
        "lines": lines(shop.member(event, "lines", list)),
    }


def lines(given):
    if not 1 <= len(given) <= 50:
        raise shop.Problem("an order has 1 to 50 lines")
    found = [{"sku": shop.member(line, "sku", str), "quantity": shop.positive(line, "quantity", 1000)} for line in given]
    if len({line["sku"] for line in found}) < len(found):
        raise shop.Problem("a product stands in two lines")
    return found


def priced(database, line):
    product = database.execute("SELECT name, price_cents FROM product WHERE sku = ?", [line["sku"]]).fetchone()
    if product is None:
        raise InvalidOrder(f"there is no product {line['sku']!r}")
    return {**line, "name": product["name"], "priceCents": product["price_cents"]}
