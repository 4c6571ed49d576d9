"""Charges and refunds cards through a simulated payment provider. An order is charged once, however often it is asked.

Three test cards behave in their own way, as those of real providers do; all others are charged at once.
"""
import uuid

import shop

UNAVAILABLE_TWICE = "4000000000000341"
DECLINED = "4000000000000002"
NO_FUNDS = "4000000000009995"


class InvalidPayment(Exception):
    """The request makes no sense."""


class PaymentUnavailable(Exception):
    """The provider does not answer; trying again helps."""


class PaymentDeclined(Exception):
    """The card's bank said no; trying again does not help."""


def charge(event, context):
    try:
        order_id, card = shop.order_id(event), shop.member(event, "card", str)
        amount = shop.positive(event, "amountCents", 100_000_000)
    except shop.Problem as problem:
        raise InvalidPayment(str(problem)) from None
    attempt = count_attempt(order_id)
    with shop.database() as database:
        query = "SELECT charge_id, amount_cents FROM payment WHERE order_id = ? AND refund_id IS NULL"
        paid = database.execute(query, [order_id]).fetchone()
        if paid is None:
            charge_id = authorize(card, attempt)
            row = [order_id, charge_id, amount]
            database.execute("INSERT OR REPLACE INTO payment VALUES (?, ?, ?, NULL)", row)
        elif paid["amount_cents"] == amount:
            charge_id = paid["charge_id"]
        else:
            raise InvalidPayment(f"order {order_id} is paid already, with another amount")
    print(f"order {order_id}: charged {amount / 100:.2f} at attempt {attempt}")
    return {"chargeId": charge_id, "amountCents": amount, "attempt": attempt}


def refund(event, context):
    try:
        order_id = shop.order_id(event)
    except shop.Problem as problem:
        raise InvalidPayment(str(problem)) from None
    with shop.database() as database:
        paid = database.execute("SELECT * FROM payment WHERE order_id = ?", [order_id]).fetchone()
        if paid is None:
            return {"refundId": None, "amountCents": 0}
        refund_id = paid["refund_id"] or f"re_{uuid.uuid4().hex[:16]}"
        database.execute("UPDATE payment SET refund_id = ? WHERE order_id = ?", [refund_id, order_id])
    print(f"order {order_id}: refunded {paid['amount_cents'] / 100:.2f}")
    return {"refundId": refund_id, "amountCents": paid["amount_cents"]}


def count_attempt(order_id):
    """In a transaction of its own: a failed attempt is an attempt."""
    with shop.database() as database:
        query = (
            "INSERT INTO payment_attempt VALUES (?, 1)"
            " ON CONFLICT (order_id) DO UPDATE SET attempts = attempts + 1 RETURNING attempts"
        )
        return database.execute(query, [order_id]).fetchone()["attempts"]


def authorize(card, attempt):
    """What the provider answers."""
    if card == UNAVAILABLE_TWICE and attempt <= 2:
        raise PaymentUnavailable(f"the payment provider does not answer (attempt {attempt})")
    if card == DECLINED:
        raise PaymentDeclined("the card was declined")
    if card == NO_FUNDS:
        raise PaymentDeclined("the card has not enough funds")
    return f"ch_{uuid.uuid4().hex[:16]}"
