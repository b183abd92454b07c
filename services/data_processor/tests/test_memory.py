"""Memory does not grow with the file, except by the few bytes that tell records apart."""

import pytest

from libs.service_kit.testing import running
from services.data_processor.tests.large_files import peak_megabytes, send

SMALL = 8
LARGE = 40
GROWTH_OF_EACH_MEGABYTE = 2.0
"""As frames alone, a megabyte of CSV is several."""
MOST = 330
"""In megabytes. A file of 200 may need 400, and most of those any file needs."""


@pytest.mark.parametrize("output", ["csv", "parquet"])
def test_a_file_five_times_as_large_needs_little_more_memory(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running("services.data_processor.app:app", REQUEST_TIMEOUT_SECONDS="300") as service:
        before = peak_megabytes(service)
        send(service, SMALL, output=output)  # what is kept for later is kept from then on
        small = send(service, SMALL, output=output)
        large = send(service, LARGE, output=output)
    with capsys.disabled():
        print(
            f"\n{output}: {before:.0f} MB, {small.peak_megabytes:.0f}, {large.peak_megabytes:.0f}"
        )
    assert large.summary["received"] > 4 * small.summary["received"]
    assert large.summary["rejected"] == large.summary["received"] // 50
    grown = large.peak_megabytes - small.peak_megabytes
    assert grown < GROWTH_OF_EACH_MEGABYTE * (LARGE - SMALL)
    assert large.peak_megabytes < MOST
