"""Collecting jobs as plainly written: FastAPI's BackgroundTasks, pandas and `to_sql`.

A job that is under way when the process ends is lost, and so is what is known of all jobs.
"""

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import pandas as pd
from fastapi import BackgroundTasks, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import Engine, MetaData, Table, create_engine, select, text

CHUNK_ROWS = 10_000

exports = Path(os.environ["EXPORTS"])
shop = create_engine(os.environ["SHOP_URL"])
database = create_engine(os.environ["DATABASE_URL"])
with database.begin() as connection:
    connection.execute(
        text(
            "CREATE TABLE IF NOT EXISTS records (job_id TEXT NOT NULL, record_id TEXT NOT NULL, "
            "body TEXT NOT NULL, PRIMARY KEY (job_id, record_id))"
        )
    )
app = FastAPI(title="plain collect")


class Shape(BaseModel):
    """How a row becomes a record."""

    record_id: str


class FileConfig(BaseModel):
    """A file below the one folder that there is."""

    root: Literal["exports"]
    path: str = Field(pattern=r"^[a-z_]+\.(csv|ndjson)$")
    shape: Shape


class DatabaseConfig(BaseModel):
    """A table of the one database that there is."""

    connection: Literal["shop"]
    table: str
    shape: Shape


class FileTrigger(BaseModel):
    """A job that collects a file."""

    source_type: Literal["file"]
    config: FileConfig


class DatabaseTrigger(BaseModel):
    """A job that collects a table."""

    source_type: Literal["database"]
    config: DatabaseConfig


class Job(BaseModel):
    """How far a job is."""

    job_id: str
    status: Literal["queued", "running", "succeeded", "failed"]
    source_type: str
    config: FileConfig | DatabaseConfig
    stored: int = 0
    rejected: int = 0
    problem: str | None = None


type Trigger = Annotated[FileTrigger | DatabaseTrigger, Field(discriminator="source_type")]

jobs: dict[str, Job] = {}


@app.get("/health")
def health() -> dict[str, str]:
    """Say that the process lives."""
    return {"status": "ok"}


@app.post("/api/v1/jobs/trigger", status_code=202)
def trigger(wanted: Trigger, tasks: BackgroundTasks) -> Job:
    """Take a job on."""
    job = Job(
        job_id=uuid.uuid4().hex,
        status="queued",
        source_type=wanted.source_type,
        config=wanted.config,
    )
    jobs[job.job_id] = job
    tasks.add_task(collect, job)
    return job


@app.get("/api/v1/jobs/status/{job_id}")
def status(job_id: str) -> Job:
    """Tell how far a job is."""
    if job_id not in jobs:
        raise HTTPException(404)
    return jobs[job_id]


@app.get("/api/v1/jobs/result/{job_id}/download")
def download(job_id: str) -> StreamingResponse:
    """Give all that a job collected, as NDJSON."""
    return StreamingResponse(lines(job_id), media_type="application/x-ndjson")


def lines(job_id: str) -> Iterator[str]:
    """Yield the records of a job."""
    with database.connect() as connection:
        rows = connection.execute(
            text("SELECT body FROM records WHERE job_id = :job_id"), {"job_id": job_id}
        )
        for row in rows:
            yield f"{row.body}\n"


def collect(job: Job) -> None:
    """Store all records of a job's source, each once."""
    job.status = "running"
    name = job.config.shape.record_id
    seen: set[str] = set()
    try:
        for chunk in chunks(job.config):
            named = chunk[chunk[name].notna()]
            job.rejected += len(chunk) - len(named)
            ids = named[name].astype(str)
            fresh = ~ids.isin(seen) & ~ids.duplicated()
            seen.update(ids)
            records = pd.DataFrame(
                {
                    "job_id": job.job_id,
                    "record_id": ids[fresh],
                    "body": named[fresh].to_json(orient="records", lines=True).splitlines(),
                }
            )
            records.to_sql("records", database, if_exists="append", index=False)
            job.stored += len(records)
        job.status = "succeeded"
    except Exception as error:
        job.status = "failed"
        job.problem = str(error)


def chunks(config: FileConfig | DatabaseConfig) -> Iterator[pd.DataFrame]:
    """Yield the rows of a source."""
    if isinstance(config, DatabaseConfig):
        with shop.connect() as connection:
            statement = select(reflected(shop, config.table))
            yield from pd.read_sql(statement, connection, chunksize=CHUNK_ROWS)
    elif config.path.endswith(".csv"):
        with pd.read_csv(
            exports / config.path,
            dtype=str,
            keep_default_na=False,
            na_values={config.shape.record_id: [""]},
            chunksize=CHUNK_ROWS,
        ) as reader:
            yield from reader
    else:
        with pd.read_json(
            exports / config.path,
            lines=True,
            dtype=False,
            convert_dates=False,
            chunksize=CHUNK_ROWS,
        ) as reader:
            yield from reader


def reflected(engine: Engine, table: str) -> Table:
    """Return a table as the database has it."""
    return Table(table, MetaData(), autoload_with=engine)
