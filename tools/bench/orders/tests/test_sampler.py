"""The sampler of CPU time, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, time
from pathlib import Path
from tools.bench.orders.sampler import Sampler

def spin(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass

def much():
    spin(0.6)

def little():
    spin(0.2)

def waiting():
    time.sleep(0.5)

sampler = Sampler()
sampler.start()
much(); waiting(); little()
sampler.stop()
spin(0.2)
sampler.write(Path(sys.argv[1]))
"""


def test_samples_are_shared_by_cpu_time_and_waiting_has_none(tmp_path: Path) -> None:
    output = tmp_path / "stacks.json"
    environment = {"PYTHONPATH": ":".join(filter(None, sys.path))}

    subprocess.run([sys.executable, "-c", PROGRAM, output], check=True, env=environment)

    stacks = json.loads(output.read_text())
    counts = {name: _count(stacks, name) for name in ("much", "little", "waiting")}
    total = sum(count for count, _ in stacks)
    # At least the 100 ticks a second of the slowest kernels.
    assert total > 60
    assert 0.65 < counts["much"] / total < 0.85
    assert 0.15 < counts["little"] / total < 0.35
    assert counts["waiting"] <= 0.05 * total


def _count(stacks: list[tuple[int, list[tuple[str, str]]]], function: str) -> int:
    return sum(count for count, stack in stacks if any(name == function for _, name in stack))
