"""`:invoke` as someone uses it: an event in, the result on stdout, the rest on stderr."""

import json
import os
import subprocess
from pathlib import Path

import pytest

PROGRAM = Path(os.environ["INVOKE"]).absolute()


def invoke(*options: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    # `bazel run` gives these before the user's.
    fixed = [
        f"--zip={os.environ['GREETER']}",
        "--handler=tools.build.lambdas.examples.greeter.handler.handle",
        "--runtime=python3.13",
        "--name=greeter",
    ]
    return subprocess.run(
        [PROGRAM, *fixed, *options],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_result_is_on_stdout_and_the_log_on_stderr() -> None:
    ended = invoke("--event=-", stdin='{"do": "answer", "answer": {"n": 1}}')
    assert 0 == ended.returncode
    assert {"n": 1} == json.loads(ended.stdout)
    assert "handling" in ended.stderr
    assert "REPORT RequestId: " in ended.stderr
    assert ", init " in ended.stderr


def test_an_event_can_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text('{"do": "answer", "answer": 7}')
    ended = invoke(f"--event={tmp_path}/event.json")
    assert (0, "7\n") == (ended.returncode, ended.stdout)


def test_an_error_of_the_handler_is_on_stdout_and_ends_with_1() -> None:
    ended = invoke("--event=-", stdin='{"do": "raise"}')
    assert 1 == ended.returncode
    assert "ValueError" == json.loads(ended.stdout)["errorType"]


def test_a_time_out_ends_with_1() -> None:
    ended = invoke("--event=-", "--timeout=1", stdin='{"do": "sleep", "seconds": 30}')
    assert 1 == ended.returncode
    assert "Sandbox.Timedout" == json.loads(ended.stdout)["errorType"]


def test_variables_reach_the_handler_and_only_the_first_of_many_starts_it() -> None:
    ended = invoke("--event=-", "--env=SHOP=a=b", "--times=3", stdin="{}")
    assert 0 == ended.returncode
    environment = json.loads(ended.stdout)["environment"]
    assert "a=b" == environment["SHOP"]
    assert "greeter" == environment["AWS_LAMBDA_FUNCTION_NAME"]
    assert 3 == ended.stderr.count("REPORT RequestId: ")
    assert 1 == ended.stderr.count(", init ")


@pytest.mark.parametrize(
    ("options", "stdin", "message"),
    [
        ((), "", "--event"),
        (("--event=-",), "{", "--event=-: Expecting property name"),
        (("--event=nowhere.json",), "", "No such file or directory: 'nowhere.json'"),
        (("--event=-", "--timeout=0"), "{}", "timeout_seconds = 0: takes a whole number, 1 to 900"),
        (("--event=-", "--env=SHOP"), "{}", "--env=SHOP: takes NAME=VALUE"),
        (("--event=-", "--times=0"), "{}", "--times=0: takes a number from 1"),
    ],
)
def test_wrong_usage_ends_with_2_and_says_what_is_wrong(
    options: tuple[str, ...], stdin: str, message: str
) -> None:
    ended = invoke(*options, stdin=stdin)
    assert (2, "") == (ended.returncode, ended.stdout)
    assert message in ended.stderr
    assert "Traceback" not in ended.stderr
