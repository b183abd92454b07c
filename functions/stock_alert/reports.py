"""Logs and metrics of the function, by Powertools: JSON lines, and metrics in them (EMF).

Records are not logged: SKUs, sequence numbers and reasons are all that it takes to find one.
"""

from __future__ import annotations

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from functions.stock_alert.decisions import Alert


class LogsAndMetrics:
    """Tells of the work in logs and metrics."""

    def __init__(self, logger: Logger, metrics: Metrics) -> None:
        self._logger = logger
        self._metrics = metrics

    def published(self, alert: Alert) -> None:
        """Tell of a published alert."""
        self._count("AlertsPublished")
        self._logger.info(
            "alert published", event_id=alert.id, sku=alert.sku, on_hand=alert.on_hand
        )

    def set_aside(self, sequence_number: str | None, reason: str) -> None:
        """Tell of a record that can never be used and is kept elsewhere."""
        self._count("RecordsSetAside")
        self._logger.error("record set aside", sequence_number=sequence_number, reason=reason)

    def failed(self, what: str, sequence_number: str | None) -> None:
        """Tell of a failure, with the error that is being handled."""
        self._count("Failures")
        self._logger.exception("failed", what=what, sequence_number=sequence_number)

    def out_of_time(self, left: int) -> None:
        """Tell of SKUs that are left for the next invocation."""
        self._count("OutOfTime")
        self._logger.warning("out of time", skus_left=left)

    def _count(self, name: str) -> None:
        self._metrics.add_metric(name=name, unit=MetricUnit.Count, value=1)
