"""From what a job asks for to the source that gives it."""

from services.collector.jobs import JsonObject, SourceType
from services.collector.sites import Sites
from services.collector.sources.api import ApiSource, check_api
from services.collector.sources.base import Source
from services.collector.sources.database import DatabaseSource, check_database
from services.collector.sources.file import FileSource, check_file
from services.collector.triggers import ApiConfig, Config, DatabaseConfig, parse_config


def check_config(config: Config, sites: Sites) -> None:
    """Refuse at once what this site cannot reach; nothing is connected to or opened.

    Raises:
        SourceError: the config names what the site does not have, or a forbidden address.
    """
    if isinstance(config, ApiConfig):
        check_api(config, sites)
    elif isinstance(config, DatabaseConfig):
        check_database(config, sites)
    else:
        check_file(config, sites)


def open_source(source_type: SourceType, config: JsonObject, sites: Sites) -> Source:
    """Return the source of a stored job; what it needs is opened by its `batches`.

    Raises:
        SourceError: as `check_config`, since the site's file may have changed.
    """
    parsed = parse_config(source_type, config)
    check_config(parsed, sites)
    if isinstance(parsed, ApiConfig):
        return ApiSource(parsed, sites)
    if isinstance(parsed, DatabaseConfig):
        return DatabaseSource(parsed, sites)
    return FileSource(parsed, sites)
