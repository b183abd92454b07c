"""The models that are served, kept in step with their folder while the service runs.

    MODELS_FOLDER/<model>/ACTIVE                      the name of the version that answers
    MODELS_FOLDER/<model>/<version>/model.onnx        and manifest.json

What is served changes only to something verified. A version that is refused, an ACTIVE that names
none, a folder that goes away: all are told, and what answered before goes on answering.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from re import fullmatch

from prometheus_client import CollectorRegistry, Counter

from libs.service_kit import ProblemError, get_logger
from services.model_service.manifest import NAME_PATTERN, VERSION_PATTERN
from services.model_service.problems import MODEL_NOT_FOUND, MODEL_UNAVAILABLE, VERSION_NOT_FOUND
from services.model_service.verified_model import RefusedError, VerifiedModel, load

log = get_logger(__name__)

ACTIVE_FILE = "ACTIVE"
_MAX_ACTIVE_BYTES = 100

type _Signature = tuple[tuple[str, int, int, int], ...]


class NoActiveVersionError(Exception):
    """A model that was there at the start has no version that may answer."""


class FolderDiffersError(Exception):
    """What is served is not what the folder asks for."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a model, as its folder was last seen."""

    model: VerifiedModel | None
    problem: str | None = None
    signature: _Signature | None = None
    """Of the files that this is known of; None when they shall be read again."""


@dataclass(frozen=True, slots=True)
class Model:
    """The versions of a model, and which of them answers."""

    versions: dict[str, Version]
    active: VerifiedModel | None
    problem: str | None
    """Why another version is active than the folder asks for."""
    needed: bool
    """Whether the service is not ready without it: it was there at the start."""


@dataclass(slots=True)
class _State:
    """All models; replaced as a whole, so that no request sees half a change."""

    models: dict[str, Model] = field(default_factory=dict)
    problem: str | None = "the models' folder was not read yet"
    started: bool = False


class Models:
    """The models of one folder."""

    def __init__(self, folder: Path, *, registry: CollectorRegistry) -> None:
        self._folder = folder
        self._state = _State()
        self._loads = Counter(
            "model_loads_total", "Versions read", ["model", "outcome"], registry=registry
        )
        self._predictions = Counter(
            "model_predictions_total", "Rows predicted", ["model", "version"], registry=registry
        )
        # The library checks and hashes labels anew each time.
        self._labelled: dict[tuple[str, str], Counter] = {}

    def all(self) -> dict[str, Model]:
        """Return every model by name."""
        return self._state.models

    def find(self, name: str, version: str | None = None) -> VerifiedModel:
        """Return the active version of a model, or the one that is asked for.

        Raise ProblemError when there is none.
        """
        model = self._state.models.get(name)
        if model is None:
            raise ProblemError(MODEL_NOT_FOUND, f"no model is named {name!r}", model=name)
        if version is not None:
            return _version(name, version, model)
        if model.active is None:
            raise ProblemError(
                MODEL_UNAVAILABLE,
                f"{name} has no verified version: {model.problem}",
                headers={"Retry-After": "5"},
                model=name,
            )
        return model.active

    def count(self, model: VerifiedModel, rows: int) -> None:
        """Count rows that a model predicted."""
        key = (model.manifest.name, model.manifest.version)
        if key not in self._labelled:
            self._labelled[key] = self._predictions.labels(*key)
        self._labelled[key].inc(rows)

    async def probe_active(self) -> None:
        """Raise NoActiveVersionError unless every model of the start has a verified version."""
        state = self._state
        if not state.started or any(
            model.needed and model.active is None for model in state.models.values()
        ):
            raise NoActiveVersionError

    async def probe_folder(self) -> None:
        """Raise FolderDiffersError while the folder asks for what cannot be served."""
        if any(self._differences()):
            raise FolderDiffersError

    def _differences(self) -> Iterator[str]:
        state = self._state
        if state.problem:
            yield state.problem
        for name, model in state.models.items():
            if model.problem:
                yield f"{name}: {model.problem}"
            for version, seen in model.versions.items():
                if seen.problem:
                    yield f"{name}/{version}: {seen.problem}"

    def refresh(self) -> None:
        """Take what is new in the folder. Blocks; call it from one thread at a time."""
        before = self._state
        try:
            names = _folders(self._folder, NAME_PATTERN)
            problem = None if names else "the models' folder holds no model"
        except OSError as exc:
            names, problem = [], f"the models' folder cannot be read: {exc.strerror}"
        if problem:
            if problem != before.problem:
                log.warning("models_folder_unusable", problem=problem)
            self._state = _State(before.models, problem, before.started)
            return
        models = {
            name: self._refreshed(name, before.models.get(name), needed=not before.started)
            for name in names
        }
        self._state = _State(models, None, True)
        # Only now: who reads that a version was switched may rely on it.
        _log_changes(before.models, models)

    def _refreshed(self, name: str, before: Model | None, *, needed: bool) -> Model:
        folder = self._folder / name
        known = before.versions if before else {}
        served = before.active if before else None
        active: VerifiedModel | None = None
        problem: str | None
        try:
            versions = {
                version: self._version(folder / version, known.get(version))
                for version in _folders(folder, VERSION_PATTERN)
            }
        except OSError as exc:
            versions, problem = known, f"the folder cannot be read: {exc.strerror}"
        else:
            active, problem = _active(folder, versions)
        needed = before.needed if before else needed
        return Model(versions, active or served, problem, needed)

    def _version(self, folder: Path, known: Version | None) -> Version:
        name, version = folder.parent.name, folder.name
        try:
            signature = _signature(folder)
            if known and known.signature == signature:
                return known
            found = Version(load(folder), None, signature)
        except RefusedError as exc:
            found = Version(known.model if known else None, str(exc), signature)
        except OSError as exc:
            found = Version(known.model if known else None, f"not readable: {exc.strerror}")
        if found.problem is None:
            self._loads.labels(name, "verified").inc()
            log.info("model_verified", model=name, version=version)
        elif found.problem != (known and known.problem):
            self._loads.labels(name, "refused").inc()
            log.warning("model_refused", model=name, version=version, problem=found.problem)
        return found


def _log_changes(before: Mapping[str, Model], after: Mapping[str, Model]) -> None:
    for name in before.keys() - after.keys():
        log.warning("model_removed", model=name)
    for name, model in after.items():
        old = before.get(name)
        served = old.active if old else None
        if model.active and model.active is not served:
            log.info(
                "model_switched",
                model=name,
                version=model.active.manifest.version,
                before=served.manifest.version if served else None,
            )
        if model.problem and model.problem != (old and old.problem):
            log.warning("model_not_switched", model=name, problem=model.problem)


def _version(name: str, version: str, model: Model) -> VerifiedModel:
    found = model.versions[version].model if version in model.versions else None
    if found is None and model.active and model.active.manifest.version == version:
        found = model.active
    if found is None:
        detail = f"{name} has no verified version {version!r}"
        raise ProblemError(VERSION_NOT_FOUND, detail, model=name, version=version)
    return found


def _folders(folder: Path, pattern: str) -> list[str]:
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if fullmatch(pattern, entry.name) and entry.is_dir()
    )


def _active(
    folder: Path, versions: dict[str, Version]
) -> tuple[VerifiedModel, None] | tuple[None, str]:
    """Return the version that the folder asks for, or why there is none."""
    try:
        with (folder / ACTIVE_FILE).open("rb") as opened:
            wanted = opened.read(_MAX_ACTIVE_BYTES + 1).decode("ascii", "replace").strip()
    except OSError as exc:
        return None, f"{ACTIVE_FILE} cannot be read: {exc.strerror}"
    if not fullmatch(VERSION_PATTERN, wanted):
        return None, f"{ACTIVE_FILE} holds no name of a version"
    model = versions[wanted].model if wanted in versions else None
    if model is None:
        return None, f"{ACTIVE_FILE} names {wanted!r}, which is not verified"
    return model, None


def _signature(folder: Path) -> _Signature:
    found = []
    for entry in sorted(folder.iterdir()):
        status = entry.stat()
        found.append((entry.name, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)
