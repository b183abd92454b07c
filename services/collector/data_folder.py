"""The folder of the embedded database."""

import os
import stat
from pathlib import Path

from libs.service_kit import StartError, get_logger
from services.collector.settings import Settings

log = get_logger(__name__)


def make_data_folder(settings: Settings) -> None:
    """Make the folder unless it is there; only this user may look into it.

    Raises:
        StartError: it cannot be made, or the temporary one belongs to somebody else.
    """
    folder = settings.folder
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
    except OSError as error:
        raise StartError(
            f"the folder of the database {folder} cannot be made: {error.strerror}; set DATA_DIR "
            "to a folder that this user may write, or DATABASE_URL"
        ) from error
    if settings.data_dir is None:
        _refuse_what_is_not_ours(folder, found)
        log.warning(
            "data_is_temporary",
            folder=str(folder),
            advice="set DATA_DIR or DATABASE_URL to keep jobs and results",
        )


def _refuse_what_is_not_ours(folder: Path, found: os.stat_result) -> None:
    # Anybody can make a folder of that name in a place for temporary ones, and then reads on.
    if found.st_uid != os.geteuid() or not stat.S_ISDIR(found.st_mode) or found.st_mode & 0o077:
        raise StartError(
            f"the temporary folder {folder} is not of this user alone; remove it or set DATA_DIR"
        )
