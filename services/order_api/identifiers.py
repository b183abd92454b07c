"""Order ids that sort by time: UUID version 7 (RFC 9562), which Python 3.13 does not make
itself."""

import re
import secrets
import time
import uuid

_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_order_id() -> str:
    """Return an id that no one can guess and that sorts after those of earlier milliseconds."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (1 << 48) - 1) << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 7 << 76  # version
    value = value & ~(0x3 << 62) | 2 << 62  # variant
    return str(uuid.UUID(int=value))


def is_order_id(text: str) -> bool:
    """Say whether `text` can be an id that `new_order_id` made."""
    return _FORM.fullmatch(text) is not None
