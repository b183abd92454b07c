"""A function for the tests of zips and of the local runtime: does what its event asks for."""

import os
import sys
import time
from typing import Any

import pydantic_core

print("imported", flush=True)


def handle(event: Any, context: Any) -> Any:
    """Do `event["do"]`; without one, say what is here."""
    print("handling", flush=True)
    print("on stderr", file=sys.stderr, flush=True)
    match event.get("do") if isinstance(event, dict) else None:
        case "raise":
            raise ValueError("no such shop")
        case "sleep":
            time.sleep(event["seconds"])
        case "exit":
            os._exit(event["status"])
        case "answer":
            return event["answer"]
        case "large":
            return "x" * event["bytes"]
        case "sdk":
            # Lambda's runtime has it; the zip does not.
            import boto3

            return boto3.__name__
    return {
        "event": event,
        "environment": dict(os.environ),
        "folder": os.getcwd(),  # noqa: PTH109 - as the runtime set it
        "library": pydantic_core.__name__,
        "memory_mb": context.memory_limit_in_mb,
        "process": os.getpid(),
        "remaining_ms": context.get_remaining_time_in_millis(),
        "request_id": context.aws_request_id,
    }
