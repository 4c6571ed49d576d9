"""Hands an order to a carrier."""
import uuid

import shop

SERVED = {"AT", "BE", "CA", "CH", "DE", "DK", "ES", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "PT", "SE", "US"}


class InvalidShipment(Exception):
    """The request makes no sense."""


class Undeliverable(Exception):
    """No carrier goes there."""


def create(event, context):
    try:
        order_id = shop.order_id(event)
        address = shop.member(event, "address", dict)
        street, city, country = (shop.member(address, name, str) for name in ("street", "city", "country"))
        parcels = sum(shop.positive(line, "quantity", 1000) for line in shop.member(event, "lines", list))
    except shop.Problem as problem:
        raise InvalidShipment(str(problem)) from None
    if country not in SERVED:
        raise Undeliverable(f"no carrier delivers to {city}, {country}")
    with shop.database() as database:
        row = [order_id, f"SW{uuid.uuid4().int % 10**10:010d}{country}", f"{street}, {city}, {country}"]
        database.execute("INSERT OR IGNORE INTO shipment VALUES (?, ?, ?)", row)
        query = "SELECT tracking_number FROM shipment WHERE order_id = ?"
        tracking_number = database.execute(query, [order_id]).fetchone()["tracking_number"]
    print(f"order {order_id}: {parcels} items leave for {city} as {tracking_number}")
    return {"trackingNumber": tracking_number, "items": parcels}
