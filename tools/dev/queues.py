"""The queues and the topic of the local stack, by name."""

from __future__ import annotations

ORDER_EVENTS = "order-events.fifo"
STOCK_EVENTS = "stock-events.fifo"
# By the service that writes to it.
EVENTS = {"order_api": ORDER_EVENTS, "order_processor": STOCK_EVENTS}
# What a function gave up, by its name.
DEAD_LETTERS = {
    "order_webhook": "webhook-dead-letters.fifo",
    "stock_alert": "stock-alert-dead-letters.fifo",
}
STOCK_ALERTS = "stock-alerts.fifo"
"""The topic of low stock, and the queue that shows what was published to it."""
