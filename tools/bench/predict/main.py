"""Measure what predictions cost model_service, beside a plain service with scikit-learn.

tools/bazel run //tools/bench/predict [-- options]
"""

import sys

from tools.bench.beside.run import run
from tools.bench.predict.cases import bench

if __name__ == "__main__":
    sys.exit(run(bench, sys.argv[1:]))
