"""One task with the pandas of either resolve; each target has its own."""

import datetime as dt
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from libs.old_names import RecordIn
from services.tests.own_resolve.tests.helpers import SALES, WEEKS
from services.tests.own_resolve.weekly import table, weekly
from tools.requirements.lock import pins

MAJOR = int(os.environ["PANDAS"])
PINS = pins(Path(os.environ["LOCK"]).read_text(encoding="utf-8"))
RECORDS = [RecordIn.model_validate_json(json.dumps(sale)) for sale in SALES]


def test_the_version_is_that_of_the_targets_own_lock() -> None:
    assert MAJOR == int(pd.__version__.split(".")[0])
    assert PINS["pandas"] == pd.__version__
    assert PINS["numpy"] == np.__version__


def test_the_task_gives_the_same_answer_with_each_version() -> None:
    assert WEEKS == [(week.sku, week.monday.isoformat(), week.units) for week in weekly(RECORDS)]


def test_each_version_goes_its_own_way_there() -> None:
    frame = table(RECORDS[3:])
    moments = pd.to_datetime(frame["occurred_at"], utc=True)
    assert {2: "object", 3: "str"}[MAJOR] == str(frame["sku"].dtype)
    assert {2: "datetime64[ns, UTC]", 3: "datetime64[us, UTC]"}[MAJOR] == str(moments.dtype)


def test_a_version_has_its_own_bounds() -> None:
    late = RECORDS[0].model_copy(update={"occurred_at": dt.datetime(2300, 1, 1, tzinfo=dt.UTC)})
    if MAJOR == 2:
        with pytest.raises(pd.errors.OutOfBoundsDatetime):
            weekly([late])
    else:
        assert dt.date(2300, 1, 1) == weekly([late])[0].monday
