"""What every service is made with: app factory, settings, logs, errors, health, metrics.

The server around it is `libs.service_kit.server`, which only a service's main imports.
"""

from libs.service_kit.application import create_app
from libs.service_kit.health import Dependency
from libs.service_kit.logs import get_logger, setup_logging
from libs.service_kit.metrics import Metrics
from libs.service_kit.problems import ProblemError, ProblemKind
from libs.service_kit.request_errors import require_json
from libs.service_kit.request_ids import HEADER as REQUEST_ID_HEADER
from libs.service_kit.request_ids import current_request_id
from libs.service_kit.settings import ServiceSettings

__all__ = [
    "REQUEST_ID_HEADER",
    "Dependency",
    "Metrics",
    "ProblemError",
    "ProblemKind",
    "ServiceSettings",
    "create_app",
    "current_request_id",
    "get_logger",
    "require_json",
    "setup_logging",
]
