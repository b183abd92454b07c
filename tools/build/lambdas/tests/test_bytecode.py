"""Bytecode is the same whenever it is made, and Python takes it without its source."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.build.lambdas.bytecode import compiled

PROGRAM = Path(os.environ["BYTECODE"]).absolute()
SOURCES = sorted(Path("tools/build/lambdas").rglob("*.py"))


def compile_all(folder: Path, sources: list[Path], hash_seed: str) -> dict[str, bytes]:
    """Compile in one process, in the order given."""
    folder.mkdir()
    outputs = {str(source): folder / f"{number}.pyc" for number, source in enumerate(sources)}
    parameters = folder / "parameters"
    parameters.write_text("".join(f"{s}\t{o}\t{s}\n" for s, o in outputs.items()))
    subprocess.run(
        [sys.executable, PROGRAM, parameters],
        check=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    return {source: output.read_bytes() for source, output in outputs.items()}


def test_order_hash_seed_and_folder_make_no_difference(tmp_path: Path) -> None:
    assert len(SOURCES) > 5
    once = compile_all(tmp_path / "once", SOURCES, "1")
    again = compile_all(tmp_path / "again", SOURCES[::-1], "2")
    assert once == again


def test_what_the_compiling_process_imported_makes_no_difference(tmp_path: Path) -> None:
    """typing interns the qualified name of the class in this source."""
    source = tmp_path / "module.py"
    source.write_text(
        "class NewType:\n"
        "    def __mro_entries__(self, bases):\n"
        "        class Dummy:\n"
        "            pass\n"
        "        return Dummy\n"
    )
    contents = []
    for before in ("", "import typing; "):
        output = tmp_path / "module.pyc"
        (tmp_path / "parameters").write_text(f"{source}\t{output}\tmodule.py\n")
        program = (
            f"{before}import runpy, sys; sys.argv[1:] = ['parameters']; "
            f"runpy.run_path({str(PROGRAM)!r}, run_name='__main__')"
        )
        subprocess.run([sys.executable, "-I", "-S", "-c", program], check=True, cwd=tmp_path)
        contents.append(output.read_bytes())
    assert contents[0] == contents[1]


def test_python_takes_it_without_looking_at_the_source(tmp_path: Path) -> None:
    content = compiled(b"VALUE = 'compiled'\n", "module.py")
    assert content is not None
    (tmp_path / "module.py").write_text("VALUE = 'source'\n")
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "module.cpython-313.pyc").write_bytes(content)
    ended = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import sys; sys.path[:0] = [{str(tmp_path)!r}]; import module; print(module.VALUE)",
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    assert "compiled\n" == ended.stdout


def test_a_stack_trace_names_where_lambda_unpacks_the_function() -> None:
    content = compiled(b"def f(): pass\n", "functions/f/handler.py")
    assert content is not None
    assert b"/var/task/functions/f/handler.py" in content
    assert str(Path.cwd()).encode() not in content


@pytest.mark.parametrize("source", [b"def (", b"a\0b"])
def test_a_file_that_is_no_module_has_no_bytecode(source: bytes) -> None:
    assert compiled(source, "template.py") is None
