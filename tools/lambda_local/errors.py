"""What can be wrong with a local function itself, as opposed to what its handler does."""


class FunctionError(Exception):
    """The function cannot be run here; the message says why."""


class PayloadTooLargeError(FunctionError):
    """The event is larger than Lambda takes."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the event has {size} bytes, Lambda takes at most {limit}")
