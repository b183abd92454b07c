"""What the routes have done: records and files through pipelines, and the counts of it."""

from collections.abc import Sequence

import orjson
from prometheus_client import CollectorRegistry, Counter

from services.data_processor import plain
from services.data_processor.answers import Summary, TransformIn
from services.data_processor.conversion import Conversion, Converted
from services.data_processor.duplicates import Seen, SeenByDigest, SeenExactly
from services.data_processor.files import Files, Room
from services.data_processor.pipeline import Step
from services.data_processor.plan import Plan, make_plan
from services.data_processor.settings import Settings


class Transformer:
    """Carries out pipelines within the limits of the settings."""

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        self.settings = settings
        self.files = Files(most=settings.max_concurrent_files, folder=settings.spool_dir)
        self._rows = Counter(
            "transform_rows_total",
            "Rows that pipelines took in, by what came of them",
            ["format", "outcome"],
            registry=registry,
        )

    def answer(self, wanted: TransformIn) -> bytes:
        """Return a `TransformOut` as JSON. Raise ProblemError when the pipeline cannot be."""
        plan = self._plan(wanted.pipeline, SeenExactly())
        rows = wanted.records
        records, rejects, duplicates = plain.transform(rows, range(1, len(rows) + 1), plan)
        groups = plan.groups.rows() if plan.groups else None
        kept = len(records.rows)
        summary = Summary(
            received=len(rows),
            rejected=len(rows) - kept - duplicates,
            duplicates=duplicates,
            written=kept if groups is None else len(groups),
        )
        self._count("json", summary)
        return orjson.dumps(
            {
                "records": records.documents() if groups is None else None,
                "groups": groups,
                "rejects": [reject._asdict() for reject in rejects],
                "summary": summary.model_dump(),
            },
            option=orjson.OPT_UTC_Z,
        )

    def plan_for_file(self, steps: Sequence[Step]) -> Plan:
        """Return a plan whose memory is bounded. Raise ProblemError when it cannot be."""
        return self._plan(steps, SeenByDigest(most=self.settings.max_distinct_records))

    async def convert(self, room: Room, work: Conversion) -> Converted:
        """Carry out a conversion; see `conversion.convert`."""
        converted = await room.convert(work)
        self._count(work.given, converted.summary)
        return converted

    def _plan(self, steps: Sequence[Step], seen: Seen) -> Plan:
        return make_plan(
            steps,
            default_rates=self.settings.currency_rates,
            seen=seen,
            max_groups=self.settings.max_groups,
        )

    def _count(self, given: str, summary: Summary) -> None:
        kept = summary.received - summary.rejected - summary.duplicates
        self._rows.labels(given, "kept").inc(kept)
        self._rows.labels(given, "rejected").inc(summary.rejected)
        self._rows.labels(given, "duplicate").inc(summary.duplicates)
