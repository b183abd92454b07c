"""Measure what collecting costs collector, beside a plain service with pandas.

tools/bazel run //tools/bench/collect [-- options]
"""

import sys

from tools.bench.beside.run import run
from tools.bench.collect.cases import bench

if __name__ == "__main__":
    sys.exit(run(bench, sys.argv[1:]))
