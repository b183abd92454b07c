"""Publish alerts to the SNS topic, each once as far as that can be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools.utilities.idempotency import (
    BasePersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.stock_alert.decisions import Alert
from functions.stock_alert.messages import TYPE, message

if TYPE_CHECKING:
    from types_boto3_sns import SNSClient

REMEMBERED_SECONDS = 172_800
"""Twice the day that a stream keeps its records: no retry comes later."""
ATTEMPT_MILLISECONDS = 10_000
"""No call of SNS takes longer, with the time-outs and retries of `clients.py`."""


class Publisher:
    """Publishes alerts.

    SNS drops a repeated event id for five minutes. Powertools' idempotency remembers published ids
    beyond that: a retry that comes later publishes nothing. Its record of completion is written
    without a fence, which does no harm here: all attempts for an id publish the same bytes and
    write the same record, and the state in `states.py` alone decides what is to be published. At
    worst (an attempt ends between publishing and recording it, and is repeated after five minutes)
    subscribers get an event twice, with the same id.
    """

    def __init__(self, sns: SNSClient, *, topic_arn: str, store: BasePersistenceLayer) -> None:
        self._sns = sns
        self._topic_arn = topic_arn
        config = IdempotencyConfig(
            event_key_jmespath="id",
            raise_on_no_idempotency_key=True,
            expires_after_seconds=REMEMBERED_SECONDS,
            # Otherwise an attempt that was killed would keep the next ones from publishing for all
            # of the function's time-out, and retries would fail meanwhile.
            lambda_context=_Attempt(),
        )
        self._publish_once = idempotent_function(
            self._publish,
            data_keyword_argument="alert",
            persistence_store=store,
            config=config,
            key_prefix="stock_alert.publish",
        )

    def publish(self, alert: Alert) -> None:
        """Return when the topic has the alert. Raise botocore's and the idempotency errors."""
        self._publish_once(alert=alert)

    def _publish(self, *, alert: Alert) -> str:
        answer = self._sns.publish(
            TopicArn=self._topic_arn,
            Message=message(alert),
            MessageGroupId=alert.sku,
            MessageDeduplicationId=alert.id,
            # What a subscription's filter policy can select by.
            MessageAttributes={"type": {"DataType": "String", "StringValue": TYPE}},
        )
        return answer["MessageId"]


class _Attempt(LambdaContext):
    """What Powertools asks for the time after which an attempt counts as dead."""

    @staticmethod
    def get_remaining_time_in_millis() -> int:
        """Return it."""
        return ATTEMPT_MILLISECONDS
