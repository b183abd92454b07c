"""How each runtime's client is started, with what environment, beside the unpacked function."""

from __future__ import annotations

import atexit
import functools
import os
import sys
import tempfile
from pathlib import Path

from tools.build.lambdas.checks.archive import Archive
from tools.lambda_local.errors import FunctionError
from tools.lambda_local.function import NODE, Function

# Not resolved: in the runfiles tree what is built lies beside this file, in the source tree it
# does not.
_HERE = Path(__file__).parent
_EMULATOR = _HERE / "aws-lambda-rie"
_WITH_PARENT = _HERE / "with_parent.py"
_PYTHON_CLIENT = _HERE / "python_client.zip"
_AWS_SDK = _HERE / "aws_sdk.zip"
_NODE_LIBRARY = _HERE / "node_modules" / "@aws-sdk"
_NODE_PROGRAM = _HERE / "node"
_NODE_CLIENT = _HERE / "node_modules" / "aws-lambda-ric" / "index.mjs"
_NODE_TRANSPORT = _HERE / "rapid_client.cjs"


@functools.cache
def _unpacked(zip_file: Path) -> Path:
    """Unpack a zip of the runtime's once a process."""
    folder = tempfile.TemporaryDirectory(prefix="lambda-runtime-")
    atexit.register(folder.cleanup)
    Archive.read(zip_file).unpack(Path(folder.name))
    return Path(folder.name)


@functools.cache
def python_path() -> str:
    """Return what the managed runtime has on its path: the client and the AWS SDK."""
    return os.pathsep.join(str(_unpacked(one)) for one in (_PYTHON_CLIENT, _AWS_SDK))


def prepare(function: Function, task_root: Path) -> None:
    """Lay beside the function's folder what Node.js finds there: Lambda's has the AWS SDK.

    Lambda's Node.js searches NODE_PATH for ES modules too; Node.js itself does not, but looks into
    `node_modules` of the folders above.
    """
    if function.runtime == NODE:
        scope = task_root.parent / "node_modules" / _NODE_LIBRARY.name
        scope.parent.mkdir()
        scope.symlink_to(_required(_NODE_LIBRARY).absolute())


def node() -> Path:
    """Return the toolchain's Node.js."""
    return _required(_NODE_PROGRAM).resolve()


def emulator(port: int, api_port: int) -> list[str]:
    """Return the beginning of the emulator's command line; the runtime client's follows.

    Raises:
        FunctionError: it is not built.
    """
    return [
        sys.executable,
        "-I",
        "-S",
        str(_WITH_PARENT),
        str(_required(_EMULATOR)),
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{port}",
        "--runtime-api-address",
        f"127.0.0.1:{api_port}",
        # It says only here whether an answer is the handler's result or its error.
        "--log-level",
        "debug",
    ]


def command(function: Function) -> list[str]:
    """Return the command line of the runtime client, without the emulator's.

    Raises:
        FunctionError: something is not built.
    """
    if function.runtime == NODE:
        # The client's real folder: it is a link in what pnpm lays out.
        client = _required(_NODE_CLIENT).resolve()
        transport = _required(_NODE_TRANSPORT).resolve()
        return [str(node()), "--require", str(transport), str(client), function.handler]
    # -S and no user's site-packages: the zip and the runtime's path, nothing else.
    return [sys.executable, "-S", "-s", "-m", "awslambdaric", function.handler]


def environment(function: Function, task_root: Path) -> dict[str, str]:
    """Return the whole environment of the function, as Lambda sets it.

    See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    reserved = {
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(function.timeout_seconds),
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": "local",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "LAMBDA_TASK_ROOT": str(task_root),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "_HANDLER": function.handler,
    }
    defaults = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
    }
    if function.runtime != NODE:
        # Lambda's folders are read-only: no bytecode is kept there.
        defaults |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": python_path()}
    refused = sorted(reserved.keys() & function.environment.keys())
    if refused:
        raise FunctionError(f"environment: Lambda reserves {', '.join(refused)}")
    return defaults | dict(function.environment) | reserved


def _required(path: Path) -> Path:
    if not path.exists():
        raise FunctionError(f"{path} is not there: it is built with //tools/lambda_local:runtime")
    return path
