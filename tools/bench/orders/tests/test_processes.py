"""CPU time and memory of processes, against work that is known."""

import subprocess
import sys

import pytest

from tools.bench.orders.processes import peak_mb, reset_peak, usage

BURN = """
import sys, threading, time
def burn(seconds):
    while time.thread_time() < seconds:
        pass
thread = threading.Thread(target=burn, args=(0.3,))
thread.start()
burn(0.3)
thread.join()
kept = bytearray(b"x" * 100_000_000)
print(time.process_time(), flush=True)
sys.stdin.read()
"""


def test_the_usage_of_a_process_is_what_it_says_itself_all_threads_included() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BURN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        own = float(process.stdout.readline())
        used = usage(process.pid)
        process.stdin.close()

    assert own > 0.59
    assert used.cpu_seconds == pytest.approx(own, abs=0.05)
    assert 100 < used.rss_mb < 160


def test_the_peak_of_memory_is_what_was_held_since_it_was_set_back() -> None:
    freed = "kept = bytearray(b'x' * 100_000_000); del kept; print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", freed], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        process.stdout.readline()
        before = peak_mb(process.pid)
        reset_peak(process.pid)
        after = peak_mb(process.pid)
        process.stdin.write(b"\n")
        process.stdin.close()

    assert after < 60 < 100 < before


def test_a_process_that_ended_has_no_usage() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()

    with pytest.raises(OSError, match=r"No such|ended"):
        usage(process.pid)
