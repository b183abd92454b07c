"""A service that uses as much CPU time for each request as it is told."""

import os
import time

from fastapi import FastAPI

SECONDS = int(os.environ["BURN_MS"]) / 1000
ANSWER = os.environ.get("ANSWER", "burnt")

app = FastAPI()


@app.get("/health")
async def health() -> str:
    """Say that the process lives."""
    return "ok"


@app.post("/burn")
async def burn() -> str:
    """Use CPU time."""
    end = time.thread_time() + SECONDS
    while time.thread_time() < end:
        pass
    return ANSWER
