"""Whatever breaks a reader is found: on generated schemas, edits of them, and documents."""

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from libs.contracts.compatibility import findings
from libs.contracts.tests.generated_schemas import Schema, edited, messages, written

EXAMPLES = settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def breaks(writer: Schema, reader: Schema, data: st.DataObject) -> list[object]:
    """Return what was drawn of the writer's, and valid for it, and is not for the reader."""
    by_writer, by_reader = (
        jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        for schema in (writer, reader)
    )
    documents = data.draw(st.lists(written(writer, writer), min_size=1, max_size=6))
    return [d for d in documents if by_writer.is_valid(d) and not by_reader.is_valid(d)]


def is_known(event: object, reader: Schema) -> bool:
    """Whether readers take an event: they set aside what names itself as nothing they know."""
    kinds = [branch["properties"]["tag"]["const"] for branch in reader.get("oneOf", ())]
    return not kinds or not isinstance(event, dict) or event.get("tag") in kinds


@pytest.mark.parametrize("direction", ["request", "response", "event"])
@EXAMPLES
@given(data=st.data())
def test_a_change_that_breaks_a_reader_is_found(direction: str, data: st.DataObject) -> None:
    old = data.draw(messages()) | {"$comment": direction}
    new = data.draw(edited(old))
    broken: list[object] = []
    if direction != "response":
        broken += breaks(old, new, data)
    if direction != "request":
        told = breaks(new, old, data)
        broken += [event for event in told if direction == "response" or is_known(event, old)]
    assert findings(old, new) or not broken


@pytest.mark.parametrize("direction", ["request", "response", "event"])
@settings(EXAMPLES, max_examples=100)
@given(message=messages())
def test_a_message_is_compatible_with_itself(direction: str, message: Schema) -> None:
    assert findings(message | {"$comment": direction}, message | {"$comment": direction}) == []
