"""Settings from the environment: what every service has, and one-line messages for bad ones.

A field is set by the variable of its name in capitals. An empty variable counts as unset.
"""

from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

_CONFIG = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)
_PRIVATE_WORDS = ("KEY", "PASSWORD", "SECRET", "TOKEN", "URL", "ENDPOINT")
_LONGEST_SHOWN = 40


class ServerSettings(BaseSettings):
    """What the process that carries a service needs."""

    model_config = _CONFIG

    host: str = Field(default="127.0.0.1", min_length=1)
    port: int | None = Field(default=None, ge=0, le=65_535)
    """None means the service's own default; 0 takes any free port."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    drain_delay_seconds: float = Field(default=0.5, ge=0, le=300)
    """How long a stopping service goes on accepting while /ready already fails."""
    shutdown_grace_seconds: int = Field(default=20, ge=1, le=600)
    """How long requests under way may take to finish after that."""


class ServiceSettings(BaseSettings):
    """What every service's application needs; a service adds its own fields in a subclass."""

    model_config = _CONFIG

    request_timeout_seconds: float = Field(default=10.0, gt=0, le=300)
    """Longest time that one request may take, its body's arrival included."""
    max_body_bytes: int = Field(default=256_000, ge=1, le=100_000_000)
    max_concurrent_requests: int = Field(default=100, ge=1, le=100_000)
    """Requests worked on at once; further ones are refused. As many as there are connections."""
    failure_switches: bool = False
    """Whether requests may ask for failures; for tests and trials only."""
    probe_timeout_seconds: float = Field(default=1.0, gt=0, le=30)
    """Longest wait of /ready for one dependency."""


def explain(error: ValidationError) -> str:
    """Return one line that names each bad variable, its value unless private, and the fix."""
    return "; ".join(
        _explain_one(
            ".".join(str(part) for part in problem["loc"]), problem["msg"], problem["input"]
        )
        for problem in error.errors(include_url=False, include_context=False)
    )


def _explain_one(field: str, message: str, value: object) -> str:
    message = " ".join(message.removeprefix("Value error, ").split())
    if not field:  # a rule over several variables names them itself
        return message
    name = field.upper()
    shown = ""
    if isinstance(value, str) and not any(word in name for word in _PRIVATE_WORDS):
        short = value if len(value) <= _LONGEST_SHOWN else value[:_LONGEST_SHOWN] + "..."
        shown = f"={short!r}"
    message = message[:1].lower() + message[1:]
    return f"{name}{shown} is refused: {message}; correct {name} or unset it to get the default"
