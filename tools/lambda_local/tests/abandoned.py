"""A program for a test: runs a function, names the processes, and waits to be killed."""

import asyncio
import sys
from pathlib import Path

from tools.lambda_local.runtime import PYTHON, Function, running


async def main(zip_file: Path, handler: str) -> None:
    """Write the function's process and its folder, then wait."""
    async with running(Function(zip=zip_file, handler=handler, runtime=PYTHON)) as ready:
        payload = (await ready.invoke({})).payload
        print(payload["process"], payload["folder"], flush=True)
        await asyncio.sleep(3600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
