"""A pipeline made ready to be carried out, on any number of chunks of records."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from libs.service_kit import ProblemError
from services.data_processor.aggregates import Grouping, Groups
from services.data_processor.duplicates import Seen
from services.data_processor.moments import zone
from services.data_processor.pipeline import (
    Aggregate,
    ConvertCurrency,
    Deduplicate,
    LocaliseTimes,
    NormaliseUnits,
    Rates,
    Step,
    Unit,
    decimals,
)
from services.data_processor.prices import Prices
from services.data_processor.problems import NO_RATES
from services.data_processor.units import Measure, measures


@dataclass(frozen=True, slots=True)
class Rules:
    """How a record is cleaned."""

    units: dict[str, Measure]
    prices: Prices
    local: tzinfo | None
    """The zone of times without an offset; None when there must be none."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done to records; what it remembers of them belongs to one run."""

    rules: Rules
    seen: Seen | None
    """None when duplicates are kept."""
    groups: Groups | None
    """None when records are given one by one."""


def make_plan(
    steps: Sequence[Step], *, default_rates: Rates | None, seen: Seen, max_groups: int
) -> Plan:
    """Return the plan of a pipeline; `seen` is empty, and used if the pipeline asks for it.

    Raise ProblemError when a currency is wanted for which there are no rates.
    """
    further: dict[str, Unit] = {}
    conversion: ConvertCurrency | None = None
    local: tzinfo | None = None
    used: Seen | None = None
    groups: Groups | None = None
    for step in steps:
        match step:
            case LocaliseTimes():
                local = zone(step.time_zone)
            case NormaliseUnits():
                further = dict(step.units)
            case ConvertCurrency():
                conversion = step
            case Deduplicate():
                used = seen
            case Aggregate():
                groups = Groups(Grouping.of(step), most=max_groups)
    units = measures(further)
    return Plan(Rules(units, _prices(units, conversion, default_rates), local), used, groups)


def _prices(
    units: dict[str, Measure], step: ConvertCurrency | None, default_rates: Rates | None
) -> Prices:
    if step is None:
        return Prices(units, to=None, rates={})
    rates = step.rates
    if rates is None:
        if default_rates is None or step.to not in default_rates:
            raise ProblemError(
                NO_RATES,
                f"the service has no rate for {step.to}; give `rates` in convert_currency, "
                "or set CURRENCY_RATES",
            )
        rates = default_rates
    return Prices(units, to=step.to, rates=decimals(rates))
