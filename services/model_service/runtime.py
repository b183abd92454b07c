"""ONNX Runtime, told to keep to itself.

Its builds report to their makers, and keep an id of the machine in the home folder, unless a
variable says otherwise when the library is loaded. Nothing here imports it other than through this.
"""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

__all__ = ["onnxruntime"]
