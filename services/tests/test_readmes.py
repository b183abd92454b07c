"""The READMEs' tables of settings and problems say what the code says."""

import re
from pathlib import Path
from types import ModuleType

import pytest
from pydantic_core import PydanticUndefined

from libs.service_kit import ProblemKind, ServiceSettings
from libs.service_kit import problems as shared_problems
from libs.service_kit.settings import ServerSettings
from services.collector import problems as collector_problems
from services.collector.settings import Settings as CollectorSettings
from services.data_processor import problems as data_problems
from services.data_processor.settings import Settings as DataSettings
from services.model_service import problems as model_problems
from services.model_service.settings import Settings as ModelSettings
from services.order_api import problems as api_problems
from services.order_api.settings import Settings as ApiSettings
from services.order_processor import problems as processor_problems
from services.order_processor.settings import Settings as ProcessorSettings

ROOT = Path(__file__).parents[2]
NOT_SETTINGS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PORT"}


def _rows(readme: str) -> dict[str, list[str]]:
    """Return the table rows of a README that begin with code: the code -> the other cells."""
    rows = {}
    for line in (ROOT / readme).read_text().splitlines():
        if line.startswith("| `"):
            first, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            for name in re.findall(r"`([^`]+)`", first):
                rows[name] = cells
    return rows


@pytest.mark.parametrize(
    ("readme", "settings"),
    [
        ("services/collector/README.md", CollectorSettings),
        ("services/data_processor/README.md", DataSettings),
        ("services/model_service/README.md", ModelSettings),
        ("services/order_api/README.md", ApiSettings),
        ("services/order_processor/README.md", ProcessorSettings),
    ],
)
def test_every_setting_is_documented_with_its_default(
    readme: str, settings: type[ServiceSettings]
) -> None:
    documented = {name: row for name, row in _rows(readme).items() if re.fullmatch("[A-Z_]+", name)}
    fields = {**ServerSettings.model_fields, **settings.model_fields}
    assert documented.keys() - NOT_SETTINGS == {name.upper() for name in fields} - NOT_SETTINGS
    for name, field in fields.items():
        assert field.default is not PydanticUndefined
        if field.default is not None:
            default = field.default
            shown = f"{default:g}" if isinstance(default, float) else str(default).rstrip("/")
            assert documented[name.upper()][0] == f"`{shown}`"


@pytest.mark.parametrize(
    ("readme", "module"),
    [
        ("libs/service_kit/README.md", shared_problems),
        ("services/collector/README.md", collector_problems),
        ("services/data_processor/README.md", data_problems),
        ("services/model_service/README.md", model_problems),
        ("services/order_api/README.md", api_problems),
        ("services/order_processor/README.md", processor_problems),
    ],
)
def test_every_problem_is_documented_with_its_status(readme: str, module: ModuleType) -> None:
    kinds = [kind for kind in vars(module).values() if isinstance(kind, ProblemKind)]
    assert kinds
    rows = _rows(readme)
    assert {kind.slug: str(kind.status.value) for kind in kinds} == {
        kind.slug: rows[kind.slug][0] for kind in kinds
    }
