"""The tables that order_webhook owns, by their default names."""

from libs.dynamo import TableSpec

SUBSCRIBERS = TableSpec(partition_key="subscriber_id")
DELIVERIES = TableSpec(
    partition_key="event_id", sort_key="subscriber_id", ttl_attribute="expires_at"
)

TABLES = {"webhook_subscribers": SUBSCRIBERS, "webhook_deliveries": DELIVERIES}
