"""Puts a message for the customer into the shop's outbox, once."""
import shop


class InvalidMessage(Exception):
    """The request makes no sense."""


def send(event, context):
    try:
        row = [shop.order_id(event), shop.member(event, "email", str), shop.member(event, "subject", str)]
    except shop.Problem as problem:
        raise InvalidMessage(str(problem)) from None
    with shop.database() as database:
        new = database.execute("INSERT OR IGNORE INTO message VALUES (?, ?, ?)", row).rowcount == 1
    print(f"to {row[1]}: {row[2]}")
    return {"sent": new}
