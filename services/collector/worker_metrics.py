"""What a worker counts."""

from prometheus_client import CollectorRegistry, Counter, Gauge

from libs.service_kit.metrics import shared_metric


class WorkerMetrics:
    """The metrics of an application's worker, in the application's registry."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.attempts = shared_metric(
            registry,
            Counter,
            "collector_attempts_total",
            "Attempts of jobs that ended here, by what became of them",
            ["outcome"],
        )
        self.running = shared_metric(
            registry, Gauge, "collector_attempts_running", "Jobs that this worker works on", []
        )
        self.records = shared_metric(
            registry, Counter, "collector_records_total", "Records stored for the first time", []
        )
        self.rejects = shared_metric(
            registry, Counter, "collector_rejects_total", "Rows that became no record", []
        )
        self.storage_waits = shared_metric(
            registry,
            Counter,
            "collector_storage_waits_total",
            "Writes of jobs under way that found the database away",
            [],
        )
