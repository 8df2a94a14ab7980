import inspect
import os
import subprocess
import sys

import lossary
import pytest
from lossary import cli
from lossary.cli import COMMANDS, main
from lossary.errors import InvalidInputError

pytest.importorskip("typer", reason="the command line needs lossary[eval]")
pytest.importorskip("rich", reason="the command line needs lossary[eval]")


def in_a_process(*words, code=None, **environment):
    start = ["-m", "lossary"] if code is None else ["-c", code]
    return subprocess.run(
        [sys.executable, *start, *words],
        capture_output=True,
        text=True,
        env=os.environ | environment,
        timeout=120,
        check=False,
    )


def broken(monkeypatch, error):
    """Make ``lossary list`` raise this error."""

    def fail():
        raise error

    fail.__doc__ = COMMANDS["list"].summary
    monkeypatch.setattr(cli.Command, "load", lambda command: fail)


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_help_lists_every_command_with_its_summary(capsys, words):
    assert main(words) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for name, command in COMMANDS.items():
        assert f"{name} {command.summary}" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_a_summary_is_the_first_line_of_its_commands_docstring(name):
    if name == "verify":
        pytest.importorskip("torch", reason="lossary verify runs losses")
    function = COMMANDS[name].load()
    assert inspect.getdoc(function).partition("\n")[0] == COMMANDS[name].summary


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(capsys, name):
    if name == "verify":
        pytest.importorskip("torch", reason="lossary verify runs losses")
    assert main([name, "--help"]) == 0
    assert f"Usage: lossary {name}" in capsys.readouterr().out


def test_every_module_of_a_command_is_listed():
    from pathlib import Path

    files = {path.stem for path in Path(cli.__file__).parent.glob("*.py")} - {"__init__", "output"}
    assert files == {command.function for command in COMMANDS.values()}


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lossary {lossary.__version__}\n"


def imports(*words):
    """Modules that a process imports, from its own account of the time that each took."""
    process = subprocess.run(
        [sys.executable, "-X", "importtime", *words], capture_output=True, text=True, timeout=120, check=True
    )
    return {line.rpartition("|")[2].strip() for line in process.stderr.splitlines()}


def test_help_imports_nothing_heavy():
    imported = imports("-m", "lossary", "--help")
    assert "typer.main" in imported  # the account is what it says it is
    imported -= imports("-c", "import typer")  # its older versions bring rich
    heavy = {"torch", "pyarrow", "rich", "pandas", "polars", "sklearn", "scipy", "matplotlib", "pluggy"}
    assert not heavy & {name.partition(".")[0] for name in imported}
    assert not {f"lossary.cli.{command.function}" for command in COMMANDS.values()} & imported


def test_the_module_runs_as_the_command():
    process = in_a_process("--version")
    assert (process.returncode, process.stdout) == (0, f"lossary {lossary.__version__}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evla"], "No such command 'evla'"),
        (["eval"], "Missing argument 'FILE'"),
        (["list", "--tsak", "auc"], "No such option: --tsak"),
        (["list", "--format", "xml"], "'xml' is not one of"),
        (["list", "--task", "auk"], "task: got 'auk'; wanted one of"),
        (["show", "no_such_loss"], "name: got 'no_such_loss'"),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line_and_exit_status_2(capsys, words, message):
    if words[0] == "show":
        pytest.importorskip("torch", reason="lossary show imports a loss")
    assert main(words) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("lossary: ")
    assert message in shown.err
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (InvalidInputError("a: got b;\n  wanted c"), "lossary: a: got b; wanted c\n"),
        (PermissionError(13, "Permission denied", "a.csv"), "lossary: Permission denied: a.csv\n"),
        (
            ZeroDivisionError("by zero"),
            "lossary: ZeroDivisionError: by zero (unexpected; LOSSARY_DEBUG=1 shows the traceback)\n",
        ),
    ],
)
def test_an_error_is_one_line_and_exit_status_2(capsys, monkeypatch, error, line):
    monkeypatch.delenv("LOSSARY_DEBUG", raising=False)
    broken(monkeypatch, error)
    assert main(["list"]) == 2
    assert capsys.readouterr().err == line


def test_debugging_lets_an_error_through(monkeypatch):
    monkeypatch.setenv("LOSSARY_DEBUG", "1")
    broken(monkeypatch, ZeroDivisionError("by zero"))
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_a_reader_that_leaves_before_the_version_gets_no_traceback():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "lossary", "--version"]
    process = subprocess.Popen(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert process.communicate(timeout=120)[1] == ""


def test_an_interrupt_is_exit_status_130_without_a_word(capsys, monkeypatch):
    broken(monkeypatch, KeyboardInterrupt())
    assert main(["list"]) == 130
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("code", "status"), [(3, 3), (None, 0), ("text", 1)])
def test_a_command_may_choose_its_exit_status(monkeypatch, code, status):
    broken(monkeypatch, SystemExit(code))
    assert main(["list"]) == status


def test_a_reader_that_leaves_early_gets_no_traceback():
    code = "import sys; from lossary.cli import main; sys.exit(main(['--help']))"
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.run(
        [sys.executable, "-c", code],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        check=False,
    )
    os.close(writing)
    assert process.stderr == ""
    assert process.returncode == 1


@pytest.mark.parametrize(("words", "status"), [("--version", 0), ("list", 0), ("evla", 2)])
@pytest.mark.parametrize("closed", [1, 2])
def test_a_closed_stream_changes_neither_the_status_nor_the_other_stream(words, status, closed):
    code = f"import os, sys; os.close({closed}); os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
    process = in_a_process("-m", "lossary", words, code=code)
    assert process.returncode == status
    if status == 0:
        assert process.stderr == ""
    else:
        assert process.stdout == ""


@pytest.mark.parametrize("module", ["typer", "rich", "pyarrow"])
def test_without_the_extra_one_line_says_what_to_install(tmp_path, module):
    (tmp_path / "a.csv").write_text("y,s\n0,0.1\n1,0.2\n")
    code = (
        f"import sys; sys.modules[{module!r}] = None\n"
        "from lossary.cli import main\n"
        f"sys.exit(main(['eval', {str(tmp_path / 'a.csv')!r}, '--target', 'y', '--score', 's']))"
    )
    process = in_a_process(code=code)
    assert process.returncode == 2
    assert process.stdout == ""
    assert process.stderr.count("\n") == 1
    assert f" needs {module}" in process.stderr
    assert "which is not installed: pip install 'lossary[eval]'" in process.stderr


def test_warnings_are_one_line_each(capsys, monkeypatch):
    import warnings

    def warn():
        """List the installed losses."""
        warnings.warn("first line\n  second line", UserWarning, stacklevel=1)

    monkeypatch.setattr(cli.Command, "load", lambda command: warn)
    with pytest.warns(UserWarning, match="first line"):
        warnings.warn("first line", UserWarning, stacklevel=1)  # pytest's own filter is what raises below
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["list"]) == 0
    assert capsys.readouterr().err == "lossary: warning: first line second line\n"
