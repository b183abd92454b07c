"""Files below a root, and sources of them."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from services.collector.sites import Limits, Sites
from services.collector.sources.base import Source, SourceError
from services.collector.sources.opening import open_source
from services.collector.tests.sources.collecting_all import batches_of
from services.collector.triggers import FileConfig, config_json


class Root:
    """A folder that the site opens as `exports`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.limits = Limits()

    def limit(self, **limits: Any) -> None:
        """Change limits of the site."""
        self.limits = Limits.model_validate(limits)

    def write(self, name: str, content: bytes | str) -> Path:
        """Write a file, packed when it is named so."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        content = content.encode() if isinstance(content, str) else content
        file.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return file

    def source(self, path: str, **config: Any) -> Source:
        """Return the source of a file."""
        asked = FileConfig.model_validate({"root": "exports", "path": path, **config})
        sites = Sites(files={"exports": self.path}, limits=self.limits)
        return open_source("file", config_json(asked), sites)

    async def error(self, path: str, **config: Any) -> SourceError:
        """Return the error that ends the reading of a file."""
        with pytest.raises(SourceError) as caught:
            await batches_of(self.source(path, **config))
        return caught.value
