"""What Pydantic 2 does otherwise than Pydantic 1, which FastAPI 0.95.0 was used with.

docs/migration.md has it as a table, with where in the tree each matters.
"""

import datetime as dt
import importlib
from collections.abc import Callable
from typing import Any

import pydantic
import pytest
from pydantic import BaseModel, Field, ValidationError
from pydantic.errors import PydanticImportError, PydanticUserError
from pydantic.warnings import PydanticDeprecatedSince20
from pydantic_core import SchemaError

from libs.contracts.models import RequestModel


class Line(BaseModel):
    """A model with no settings of its own, as most were."""

    sku: str = "A"
    units: int = 1
    share: float = 0.5
    code: int | str = 0
    sold_at: dt.datetime = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


class StrictLine(RequestModel):
    """The same with the settings that requests have here."""

    sku: str = "A"
    units: int = 1


class Nullable(BaseModel):
    """A field that may be null, and has no default."""

    note: str | None


def test_a_number_is_no_text() -> None:
    with pytest.raises(ValidationError, match="valid string"):
        Line.model_validate({"sku": 1})


def test_a_text_is_a_number_except_where_requests_are_read() -> None:
    assert 2 == Line.model_validate({"units": "2"}).units
    with pytest.raises(ValidationError, match="valid integer"):
        StrictLine.model_validate({"units": "2"})


def test_a_fraction_is_not_cut_to_an_integer() -> None:
    with pytest.raises(ValidationError, match="fractional part"):
        Line.model_validate({"units": 1.5})


def test_an_unknown_field_is_dropped_except_where_requests_are_read() -> None:
    assert Line() == Line.model_validate({"unit": 2})
    with pytest.raises(ValidationError, match="Extra inputs"):
        StrictLine.model_validate({"unit": 2})


def test_a_field_that_may_be_null_is_required_all_the_same() -> None:
    with pytest.raises(ValidationError, match="Field required"):
        Nullable.model_validate({})
    assert Nullable.model_validate({"note": None}).note is None


def test_a_union_keeps_the_type_that_came() -> None:
    assert "1" == Line.model_validate({"code": "1"}).code


@pytest.mark.parametrize(
    ("value", "read"),
    [(1_795_168_800, "2026-11-20T10:00:00+00:00"), ("2026-11-20", "2026-11-20T00:00:00")],
)
def test_numbers_and_dates_are_taken_for_times(value: object, read: str) -> None:
    assert read == Line.model_validate({"sold_at": value}).sold_at.isoformat()


def test_a_model_is_no_dictionary() -> None:
    data: object = Line().model_dump()
    assert data != Line()


def test_an_inner_model_is_written_by_what_the_outer_one_declares() -> None:
    class Priced(Line):
        margin: str = "secret"

    class Order(BaseModel):
        line: Line

    assert "margin" not in Order(line=Priced()).model_dump()["line"]


@pytest.mark.parametrize(
    ("call", "heir"),
    [
        (lambda: Line().dict(), "model_dump"),
        (lambda: Line().json(), "model_dump_json"),
        (lambda: Line().copy(), "model_copy"),
        (lambda: Line.parse_obj({}), "model_validate"),
        (lambda: Line.parse_raw("{}"), "model_validate_json"),
        (lambda: Line.schema(), "model_json_schema"),
        (lambda: Line.construct(), "model_construct"),
    ],
)
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
def test_methods_of_the_first_version_warn_and_name_their_heirs(
    call: Callable[[], object], heir: str
) -> None:
    with pytest.warns(PydanticDeprecatedSince20, match=heir):
        call()


def test_json_is_written_without_blanks() -> None:
    assert '{"note":null}' == Nullable(note=None).model_dump_json()


@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecatedSince20")
def test_validators_of_the_first_version_warn_or_fail() -> None:
    with pytest.warns(PydanticDeprecatedSince20, match="field_validator"):

        class Checked(BaseModel):
            units: int

            @pydantic.validator("units")
            @classmethod
            def _check(cls, value: int) -> int:
                raise TypeError("not a validation error any more")

    with pytest.raises(TypeError, match="not a validation error"):
        Checked(units=1)
    with pytest.raises(PydanticUserError, match="skip_on_failure"):

        class Whole(BaseModel):
            units: int

            @pydantic.root_validator  # type: ignore[call-overload]
            @classmethod
            def _check(cls, values: dict[str, Any]) -> dict[str, Any]:
                return values


def test_a_class_for_settings_is_deprecated() -> None:
    with pytest.warns(PydanticDeprecatedSince20, match="ConfigDict"):

        class Old(BaseModel):
            class Config:
                frozen = True


@pytest.mark.parametrize("option", ["min_items", "max_items", "example"])
def test_options_of_fields_are_deprecated(option: str) -> None:
    with pytest.warns(PydanticDeprecatedSince20):
        Field(**{option: 1})  # type: ignore[call-overload]


@pytest.mark.parametrize("option", ["regex", "const", "unique_items"])
def test_options_of_fields_are_gone(option: str) -> None:
    with pytest.raises((PydanticUserError, TypeError), match=option):
        Field(**{option: "A"})  # type: ignore[call-overload]


def test_patterns_cannot_look_around() -> None:
    with pytest.raises(SchemaError, match="look-around"):

        class Sku(BaseModel):
            sku: str = Field(pattern="^(?!_)[a-z_]+$")


def test_settings_are_a_package_of_their_own() -> None:
    with pytest.raises(PydanticImportError, match="pydantic-settings"):
        _ = pydantic.BaseSettings
    assert importlib.import_module("pydantic_settings").BaseSettings
