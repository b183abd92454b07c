"""POST /v1/transform and /v1/transform/file as plainly written with FastAPI and pandas."""

import io
import json
from typing import Annotated, Any

import pandas as pd
from fastapi import Body, FastAPI, Query, Response
from pydantic import Json, ValidationError

from tools.bench.transform.plain.cleaning import COLUMNS, UNITS, clean, valid
from tools.bench.transform.plain.models import (
    Record,
    Reject,
    Step,
    Summary,
    TransformIn,
    TransformOut,
)

app = FastAPI(title="plain transform")


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/v1/transform")
def transform(wanted: TransformIn) -> TransformOut:
    """Clean records, and say of those that cannot be what is wrong with them."""
    records: list[dict[str, Any]] = []
    rejects: list[Reject] = []
    for row, given in enumerate(wanted.records, start=1):
        try:
            record = Record.model_validate(given)
        except ValidationError as error:
            rejects += [
                Reject(
                    row=row,
                    field=str(each["loc"][0]) if each["loc"] else None,
                    code=each["type"],
                    reason=each["msg"],
                )
                for each in error.errors()
            ]
            continue
        if record.unit.lower() not in UNITS:
            reason = "No such unit is known"
            rejects.append(Reject(row=row, field="unit", code="unknown_unit", reason=reason))
            continue
        records.append(record.model_dump())
    table = clean(pd.DataFrame(records, columns=COLUMNS), wanted.pipeline)
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    return TransformOut(
        records=rows,
        rejects=rejects,
        summary=Summary(
            received=len(wanted.records),
            rejected=len(wanted.records) - len(records),
            duplicates=len(records) - len(rows),
            written=len(rows),
        ),
    )


@app.post("/v1/transform/file")
def transform_file(
    body: Annotated[bytes, Body(media_type="text/csv")],
    pipeline: Annotated[Json[list[Step]], Query()] = "[]",  # type: ignore[assignment]
) -> Response:
    """Clean a CSV file of records."""
    table = pd.read_csv(io.BytesIO(body), dtype=str, keep_default_na=False, na_values=[""])
    right = valid(table)
    cleaned = clean(table[right], pipeline)
    summary = {
        "received": len(table),
        "rejected": int((~right).sum()),
        "duplicates": int(right.sum()) - len(cleaned),
        "written": len(cleaned),
    }
    return Response(
        cleaned.to_csv(index=False),
        media_type="text/csv",
        headers={"X-Transform-Summary": json.dumps(summary)},
    )
