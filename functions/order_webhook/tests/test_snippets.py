"""The README's code for subscribers verifies what the reference library signs, and nothing else."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from functions.order_webhook.tests.readme_snippets import snippet

README = Path("functions/order_webhook/README.md")
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
NEW_SECRET = "whsec_" + base64.b64encode(bytes(range(32, 64))).decode()
BODY = '{"name":"Zoë"}'
PROGRAM_TIMEOUT_SECONDS = 60

# Reads requests, a line each, and answers `true` or `false` for each.
JAVA_PROGRAM = """
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;

final class Check {
  public static void main(String[] arguments) throws Exception {
    BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] parts = line.split(" ");
      Map<String, String> headers = new HashMap<>();
      for (int at = 2; at < parts.length; at += 2) {
        headers.put(parts[at], new String(decoded(parts[at + 1]), StandardCharsets.UTF_8));
      }
      System.out.println(Webhooks.isGenuine(parts[0], headers, decoded(parts[1])));
    }
  }

  private static byte[] decoded(String text) {
    return Base64.getDecoder().decode(text.substring(1));
  }
}
"""


@dataclass(frozen=True)
class Request:
    """What a subscriber gets, and whether it is genuine."""

    name: str
    headers: Mapping[str, str]
    genuine: bool
    body: str = BODY


type Verify = Callable[[Sequence[Request]], list[bool]]


def headers(*secrets: str, age_seconds: float = 0) -> dict[str, str]:
    timestamp = datetime.fromtimestamp(int(time.time() - age_seconds), UTC)
    return {
        "webhook-id": "o1.1",
        "webhook-timestamp": str(int(timestamp.timestamp())),
        "webhook-signature": " ".join(
            Webhook(secret).sign("o1.1", timestamp, BODY) for secret in secrets
        ),
    }


def requests() -> list[Request]:
    good = headers(SECRET)
    later = str(int(good["webhook-timestamp"]) + 1)
    return [
        Request("valid", good, genuine=True),
        Request("valid and some minutes old", headers(SECRET, age_seconds=290), genuine=True),
        Request("signed with an old secret and a new one", headers(SECRET, NEW_SECRET), True),
        Request("signed with a new secret and an old one", headers(NEW_SECRET, SECRET), True),
        Request("another secret", headers(NEW_SECRET), genuine=False),
        Request("a changed body", good, genuine=False, body=BODY + " "),
        Request("another id", good | {"webhook-id": "o1.2"}, genuine=False),
        Request("an old timestamp", headers(SECRET, age_seconds=310), genuine=False),
        Request("a timestamp to come", headers(SECRET, age_seconds=-310), genuine=False),
        Request("a changed timestamp", good | {"webhook-timestamp": later}, genuine=False),
        Request("no number for a timestamp", good | {"webhook-timestamp": "now"}, genuine=False),
        *(
            Request(f"no {missing}", {key: good[key] for key in good if key != missing}, False)
            for missing in good
        ),
        *(
            Request(f"the signature {text!r}", good | {"webhook-signature": text}, genuine=False)
            for text in ("", "v1", "v1,", "v1,AAAA", "v2,AAAA", " , ", "é")
        ),
    ]


def verified_by_python(some: Sequence[Request]) -> list[bool]:
    names: dict[str, Any] = {}
    exec(compile(snippet(README, "python"), str(README), "exec"), names)
    return [names["is_genuine"](SECRET, one.headers, one.body.encode()) for one in some]


def verified_by_java(some: Sequence[Request]) -> list[bool]:
    # Where an action finds it; a test has other repositories beside its own.
    home = Path(re.sub("^external/", "../", os.environ["JAVA_HOME"]))
    folder = Path(os.environ["TEST_TMPDIR"])
    sources = {"Webhooks.java": snippet(README, "java"), "Check.java": JAVA_PROGRAM}
    for name, text in sources.items():
        (folder / name).write_text(text)
    paths = [str(folder / name) for name in sources]
    run([str(home / "bin/javac"), "-Xlint:all", "-Werror", "-d", str(folder), *paths])
    lines = [
        " ".join(
            [SECRET, encoded(one.body)]
            + [word for key, value in one.headers.items() for word in (key, encoded(value))]
        )
        for one in some
    ]
    said = run([str(home / "bin/java"), "-cp", str(folder), "Check"], "\n".join(lines))
    return [word == "true" for word in said.split()]


def encoded(text: str) -> str:
    # The first character keeps an empty text a word.
    return "=" + base64.b64encode(text.encode()).decode()


def run(command: Sequence[str], text: str = "") -> str:
    done = subprocess.run(
        command,
        input=text,
        capture_output=True,
        text=True,
        timeout=PROGRAM_TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("verify", [verified_by_python, verified_by_java])
def test_a_snippet_takes_what_is_genuine_and_nothing_else(verify: Verify) -> None:
    some = requests()
    verdicts = verify(some)
    expected = {one.name: one.genuine for one in some}
    assert dict(zip(expected, verdicts, strict=True)) == expected
