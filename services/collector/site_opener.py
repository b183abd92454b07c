"""Opens sources as one site allows."""

from collections.abc import Sequence

from services.collector.jobs import JsonObject, SourceType
from services.collector.secrets import secrets_of
from services.collector.sites import Sites
from services.collector.sources.base import Source
from services.collector.sources.opening import open_source


class SiteOpener:
    """What a worker opens sources with: see `collecting.Opener`."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites

    def open_source(self, source_type: SourceType, config: JsonObject) -> Source:
        """Return the source of a job. Raise SourceError when this site has none such."""
        return open_source(source_type, config, self._sites)

    def secrets_of(self, source_type: SourceType, config: JsonObject) -> Sequence[str]:
        """Return the values that must not be written. Raise SourceError without them."""
        return secrets_of(source_type, config, self._sites)
