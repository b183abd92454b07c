"""A workspace of its own that is built in the registry-only way, inside of a test."""

import functools
import http.server
import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Self

# An override of a module that nothing depends on is an error, so all of them stand here.
DEPENDENCIES = """
bazel_dep(name = "aspect_rules_js", version = "3.4.1")
bazel_dep(name = "aspect_rules_ts", version = "3.10.1")
bazel_dep(name = "rules_nodejs", version = "6.7.4")
bazel_dep(name = "rules_oci", version = "2.3.0")
bazel_dep(name = "rules_pkg", version = "1.3.0")
bazel_dep(name = "rules_python", version = "2.3.2")
bazel_dep(name = "rules_shell", version = "0.8.0")
"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


class Workspace:
    """A workspace in `folder`, and a registry of packages in the folder `served`.

    Use it in a `with` statement, which serves the registry and ends with Bazel's server.
    """

    def __init__(self, folder: Path, address_variable: str) -> None:
        self.folder = folder / "workspace"
        self.served = folder / "served"
        self.served.mkdir()
        self._user_root = folder / "bazel"
        self._address_variable = address_variable
        shutil.copytree("tools/registry_only", self.folder / "tools/registry_only")
        self.write(
            ".bazelrc",
            "import %workspace%/tools/registry_only/bazelrc\n"
            "common --config=registry-only --noenable_workspace\n",
        )
        self.write(".bazelignore", "tools\n")

    def __enter__(self) -> Self:
        handler = functools.partial(_Quiet, directory=str(self.served))
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bazel("shutdown")
        self._server.shutdown()
        self._server.server_close()

    def write(self, name: str, content: str) -> None:
        """Write a file of the workspace."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def bazel(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run one command of Bazel."""
        return subprocess.run(
            [
                "/usr/bin/bazel",
                "--nosystem_rc",
                "--nohome_rc",
                "--install_base=/usr/share/bazel",
                "--trust_install_base",
                "--server_javabase=/usr/lib/jvm/jdk",
                f"--output_user_root={self._user_root}",
                *arguments,
            ],
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            env={
                "BAZEL_DEV_VERSION_OVERRIDE": "7.7.1",
                "HOME": str(self.folder),
                "PATH": os.defpath,
                self._address_variable: f"http://127.0.0.1:{self._server.server_port}",
            },
        )
