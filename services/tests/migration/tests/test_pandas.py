"""What pandas does otherwise than the versions that the starting projects had.

The same tests run with the pandas of two resolves, 2 and 3. docs/migration.md has them as a table,
with what 1.5.3 and 2.0.1 did, and where in the services each matters.
"""

import io
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from services.tests.migration.versions import TWO, by_version

# The second version says of much that the third will do it otherwise.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame({"sku": ["A", "B"], "units": [1, 2]})


# Copies


def test_a_chained_assignment_changes_nothing(frame: pd.DataFrame) -> None:
    warning = by_version(two="SettingWithCopyWarning", three="ChainedAssignmentError")
    with pytest.warns(getattr(pd.errors, warning)):
        frame["units"][frame["units"] > 1] = 9
    assert by_version(two=[1, 9], three=[1, 2]) == frame["units"].tolist()


def test_a_column_that_was_taken_out_is_a_copy(frame: pd.DataFrame) -> None:
    units = frame["units"]
    units.iloc[0] = 9
    assert by_version(two=[9, 2], three=[1, 2]) == frame["units"].tolist()


def test_filling_a_column_in_place_changes_a_copy() -> None:
    frame = pd.DataFrame({"price": [1.0, None]})
    frame["price"].fillna(0, inplace=True)
    assert by_version(two=0, three=1) == frame["price"].isna().sum()


def test_the_array_of_a_column_cannot_be_written_to(frame: pd.DataFrame) -> None:
    assert by_version(two=True, three=False) == frame["units"].to_numpy().flags.writeable
    assert frame["units"].to_numpy(copy=True).flags.writeable


def test_a_value_of_another_type_does_not_change_the_column(frame: pd.DataFrame) -> None:
    if TWO:
        frame.loc[0, "units"] = 1.5
        assert "float64" == str(frame["units"].dtype)
    else:
        with pytest.raises(TypeError, match=r"Invalid value '1\.5'"):
            frame.loc[0, "units"] = 1.5


# Texts


def test_texts_have_a_type_of_their_own() -> None:
    texts = pd.Series(["a", None])
    assert by_version(two="object", three="str") == str(texts.dtype)
    assert by_version(two=True, three=False) == pd.api.types.is_object_dtype(texts)


def test_a_missing_text_is_nan() -> None:
    (_, missing) = pd.Series(["a", None]).tolist()
    assert by_version(two="NoneType", three="float") == type(missing).__name__
    assert pd.isna(missing)


def test_a_missing_text_stays_missing_when_cast_to_texts() -> None:
    cast = pd.Series(["a", None], dtype="object").astype("str")
    assert by_version(two=[False, False], three=[False, True]) == cast.isna().tolist()
    assert by_version(two="None", three="nan") == str(cast[1])


def test_a_missing_text_does_not_match() -> None:
    matches = pd.Series(["1", "x", None]).str.fullmatch("[0-9]")
    assert by_version(two=[True, False, None], three=[True, False, False]) == matches.tolist()


# What is gone


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (pd.DataFrame, "append"),
        (pd.Series, "append"),
        (pd.DataFrame, "iteritems"),
        (pd.Series, "iteritems"),
        (pd, "Int64Index"),
    ],
)
def test_names_of_the_first_version_are_gone(owner: object, name: str) -> None:
    assert not hasattr(owner, name)


def test_names_of_the_second_version_are_gone() -> None:
    assert TWO == hasattr(pd.DataFrame, "applymap")
    assert TWO == hasattr(pd.DataFrame, "swapaxes")


@pytest.mark.parametrize("option", ["squeeze", "prefix", "error_bad_lines", "mangle_dupe_cols"])
def test_options_of_the_first_read_csv_are_gone(option: str) -> None:
    with pytest.raises(TypeError, match=option):
        pd.read_csv(io.StringIO("a\n1\n"), **{option: True})  # type: ignore[call-overload]


@pytest.mark.parametrize("option", ["date_parser", "delim_whitespace", "keep_date_col"])
def test_options_of_the_second_read_csv_are_gone(option: str) -> None:
    def read() -> pd.DataFrame:
        return pd.read_csv(io.StringIO("a\n1\n"), **{option: None})  # type: ignore[call-overload,no-any-return]

    if TWO:
        assert (1, 1) == read().shape
    else:
        with pytest.raises(TypeError, match=option):
            read()


@pytest.mark.parametrize(
    "fill",
    [
        lambda: pd.Series([1.0, None]).fillna(method="ffill"),  # type: ignore[call-arg]
        lambda: pd.read_json('[{"a": 1}]'),
    ],
)
def test_calls_that_the_second_version_still_took_fail(fill: Callable[[], object]) -> None:
    if TWO:
        fill()
    else:
        with pytest.raises((TypeError, FileNotFoundError)):
            fill()


# Groups and sums


def test_a_mean_of_texts_is_an_error_and_no_longer_left_out(frame: pd.DataFrame) -> None:
    with pytest.raises(TypeError):
        frame.mean()
    with pytest.raises(TypeError):
        frame.groupby("units").mean()
    assert {"units": 1.5} == frame.mean(numeric_only=True).to_dict()


def test_a_sum_of_texts_joins_them(frame: pd.DataFrame) -> None:
    sums = frame.assign(all=1).groupby("all").sum()
    assert {"sku": {1: "AB"}, "units": {1: 3}} == sums.to_dict()


def test_groups_of_categories_are_those_that_there_are(frame: pd.DataFrame) -> None:
    kinds = frame.assign(kind=pd.Categorical(["sale", "sale"], ["sale", "stock"]))
    sums = kinds.groupby("kind")["units"].sum().to_dict()
    assert by_version(two={"sale": 3, "stock": 0}, three={"sale": 3}) == sums


def test_groups_by_a_list_of_one_are_named_by_tuples(frame: pd.DataFrame) -> None:
    assert [("A",), ("B",)] == [name for name, _ in frame.groupby(["sku"])]


def test_a_function_of_groups_does_not_see_what_they_are_grouped_by(frame: pd.DataFrame) -> None:
    heads = frame.groupby("sku").apply(lambda group: group.head(1))
    assert by_version(two=["sku", "units"], three=["units"]) == list(heads.columns)


def test_counts_are_named_count(frame: pd.DataFrame) -> None:
    assert "count" == frame["sku"].value_counts().name


# Numbers and what is missing


def test_an_empty_piece_has_a_say_in_the_type_of_the_whole() -> None:
    whole = pd.concat([pd.Series([], dtype="object"), pd.Series([1])])
    assert by_version(two="int64", three="object") == str(whole.dtype)


def test_a_number_in_brackets_is_a_label_and_no_place() -> None:
    stock = pd.Series([5], index=["A"])
    if TWO:
        assert 5 == stock[0]
    else:
        with pytest.raises(KeyError):
            stock[0]
    assert 5 == stock.iloc[0]


def test_filling_does_not_look_for_a_better_type() -> None:
    filled = pd.Series([True, None]).fillna(False)
    assert by_version(two="bool", three="object") == str(filled.dtype)


def test_nothing_by_nothing_is_missing_in_nullable_numbers() -> None:
    (_, share) = (pd.Series([1, 0], dtype="Int64") / 0).tolist()
    assert pd.isna(share)
    assert by_version(two=False, three=True) == (share is pd.NA)


def test_integers_with_a_gap_are_floats_and_a_whole_division_by_zero_is_infinite() -> None:
    assert "float64" == str(pd.Series([1, None]).dtype)
    assert [np.inf, -np.inf] == (pd.Series([1, -1]) // 0).tolist()


def test_a_fraction_is_not_kept_in_a_column_of_integers() -> None:
    with pytest.raises(ValueError, match="Trying to coerce float values to integers"):
        pd.Series([1.5], dtype="int64")


def test_one_value_is_taken_out_before_it_is_a_number() -> None:
    one = pd.Series([Decimal("1.5")])
    if TWO:
        assert 1.5 == float(one)  # type: ignore[arg-type]
    else:
        with pytest.raises(TypeError):
            float(one)  # type: ignore[arg-type]
    assert 1.5 == float(one.iloc[0])


# Reading


def test_the_word_none_in_a_file_is_a_missing_value() -> None:
    assert [True, False] == pd.read_csv(io.StringIO("a\nNone\nx\n"))["a"].isna().tolist()


def test_a_file_is_read_into_nullable_types_when_asked_for() -> None:
    text = "sku,units\nA,1\nB,\n"
    plain = pd.read_csv(io.StringIO(text)).dtypes.astype(str).tolist()
    assert by_version(two=["object", "float64"], three=["str", "float64"]) == plain
    nullable = pd.read_csv(io.StringIO(text), dtype_backend="numpy_nullable")
    assert ["string", "Int64"] == nullable.dtypes.astype(str).tolist()
