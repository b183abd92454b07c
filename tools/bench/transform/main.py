"""Measure what cleaning records costs data_processor, beside a plain service with pandas.

tools/bazel run //tools/bench/transform [-- options]
"""

import sys

from tools.bench.beside.run import run
from tools.bench.transform.cases import bench

if __name__ == "__main__":
    sys.exit(run(lambda _: bench(), sys.argv[1:]))
