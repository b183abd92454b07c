"""What models of contracts have in common: who sends decides what happens to unknown fields."""

from pydantic import BaseModel, ConfigDict


class RequestModel(BaseModel):
    """Base of what clients send: unknown fields, strings for numbers and fractions are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class ResponseModel(BaseModel):
    """Base of what services answer: readers ignore fields that they do not know."""

    model_config = ConfigDict(extra="ignore")


class EventModel(BaseModel):
    """Base of events and what they carry: readers ignore fields that they do not know."""

    model_config = ConfigDict(extra="ignore", frozen=True)
