"""What every service is made with: app factory, settings, logs, errors, health, metrics.

The server around it is `libs.service_kit.server`, which only a service's main imports.
"""

from libs.service_kit.api_description import answer, refusals
from libs.service_kit.application import create_app
from libs.service_kit.circuit import CircuitBreaker, CircuitOpenError
from libs.service_kit.deadline import HEADER as DEADLINE_HEADER
from libs.service_kit.deadline import extend_deadline, remaining_seconds
from libs.service_kit.failures import failure_point
from libs.service_kit.health import Dependency
from libs.service_kit.lifecycle import StartError
from libs.service_kit.logs import get_logger, setup_logging
from libs.service_kit.metrics import Metrics
from libs.service_kit.periodic import periodic
from libs.service_kit.problems import MEDIA_TYPE as PROBLEM_MEDIA_TYPE
from libs.service_kit.problems import ProblemError, ProblemKind, problem_body
from libs.service_kit.request_errors import require_json
from libs.service_kit.request_ids import HEADER as REQUEST_ID_HEADER
from libs.service_kit.request_ids import current_request_id
from libs.service_kit.settings import ServiceSettings
from libs.service_kit.short_way import body_as, route_with
from libs.service_kit.tracing import client_span, trace_headers

__all__ = [
    "DEADLINE_HEADER",
    "PROBLEM_MEDIA_TYPE",
    "REQUEST_ID_HEADER",
    "CircuitBreaker",
    "CircuitOpenError",
    "Dependency",
    "Metrics",
    "ProblemError",
    "ProblemKind",
    "ServiceSettings",
    "StartError",
    "answer",
    "body_as",
    "client_span",
    "create_app",
    "current_request_id",
    "extend_deadline",
    "failure_point",
    "get_logger",
    "periodic",
    "problem_body",
    "refusals",
    "remaining_seconds",
    "require_json",
    "route_with",
    "setup_logging",
    "trace_headers",
]
