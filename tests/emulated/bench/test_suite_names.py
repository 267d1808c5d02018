"""What the suite is called, in JUnit's files and on the command line, and the names it leaves to others."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from bench_runs import QUICK, database_url, run_bench, runs

pytestmark = pytest.mark.emulated

ID = "hil/suite/bench.py::test_image[qemu-fastgrnn_digits/q15]"

# junit-10.xsd of Jenkins' xUnit plug-in: what may stand in an element, which attributes it may and must have.
SCHEMA = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}, set[str]()),
    "testsuite": (
        {"testsuite", "properties", "testcase", "system-out", "system-err"},
        {"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp", "hostname", "id"}
        | {"package", "file", "log", "url"},
        {"name", "tests", "failures", "errors"},
    ),
    "properties": ({"property"}, set[str](), set[str]()),
    "property": (set[str](), {"name", "value"}, {"name", "value"}),
    "testcase": (
        {"skipped", "error", "failure", "rerunFailure", "rerunError", "flakyFailure", "flakyError"}
        | {"system-out", "system-err"},
        {"name", "time", "classname", "group"},
        {"name"},
    ),
    "failure": (set[str](), {"type", "message"}, set[str]()),
    "error": (set[str](), {"type", "message"}, set[str]()),
}


def check(element: ET.Element) -> None:
    children, attributes, required = SCHEMA[element.tag]
    assert set(element.keys()) <= attributes, element.attrib
    assert set(element.keys()) >= required, element.attrib
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        check(child)


def test_the_junit_file_is_what_jenkins_and_gitlab_take(tmp_path: Path) -> None:
    (tmp_path / "own" / "cut").mkdir(parents=True)
    (tmp_path / "own" / "cut" / "model.json").write_text("{")
    chosen = (*QUICK, "--models-dir=own", "--model=cut,fastgrnn_digits/q15")
    done = run_bench(tmp_path, *chosen, "--junitxml=bench.xml", "-W", "error")
    assert "1 failed, 1 passed in" in done.stdout, done.stdout  # and no warning
    root = ET.parse(tmp_path / "bench.xml").getroot()
    check(root)
    failed, good = sorted(root.iter("testcase"), key=lambda case: str(case.get("name")))  # by model
    assert (good.get("classname"), good.get("name")) == (
        "hil.suite.bench",
        "test_image[qemu-fastgrnn_digits/q15]",
    )
    (failure,) = failed
    assert "description of model cut is damaged" in str(failure.get("message"))
    values = {one.get("name"): float(str(one.get("value"))) for one in root.iter("property")}
    assert values[f"{ID} vectors"] == 5
    assert values[f"{ID} latency_us.low"] < values[f"{ID} latency_us"]


def test_the_older_format_has_values_and_files_of_each_test(tmp_path: Path) -> None:
    done = run_bench(tmp_path, *QUICK, "--junitxml=bench.xml", "-o", "junit_family=xunit1", "-W", "error")
    assert done.returncode == 0, done.stdout
    (case,) = ET.parse(tmp_path / "bench.xml").getroot().iter("testcase")
    assert case.get("file") == "hil/suite/bench.py"
    assert {"vectors", "instructions", "latency_us.low"} <= {one.get("name") for one in case.iter("property")}


def test_an_id_that_was_printed_can_be_pasted_back_anywhere(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\npython_files = check_*.py\npython_functions = check_*\n")
    printed = run_bench(tmp_path, *QUICK, "-rA")
    assert f"PASSED {ID}" in printed.stdout
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    for folder in (tmp_path, elsewhere):
        pasted = run_bench(folder, "--board=all", "--vectors=5", ID)
        assert "1 passed in" in pasted.stdout, pasted.stdout + pasted.stderr
    imported = run_bench(
        elsewhere, "--pyargs", "--board=all", "--vectors=5", ID.replace("/", ".", 2).replace(".py", "")
    )
    assert "1 passed in" in imported.stdout, imported.stdout + imported.stderr
    assert len(runs(elsewhere)) == 2


CONFTEST = """
import pytest

def pytest_addoption(parser):
    parser.addoption("--model", default="mine")
    parser.addoption("--db")

@pytest.fixture(scope="session")
def board():
    return "a board of wood"

@pytest.fixture
def session(board):
    return f"a session on {board}"

@pytest.fixture
def bench():
    return "a bench in the park"

def pytest_generate_tests(metafunc):
    if "bench" in metafunc.fixturenames:
        metafunc.parametrize("times", [1, 2])
"""
MINE = """
def test_mine(bench, session, times, pytestconfig):
    assert (bench, session) == ("a bench in the park", "a session on a board of wood")
    assert pytestconfig.getoption("--model") == "mine"

def test_ours(hil_bench, hil_session, hil_board):
    assert hil_bench.run().value("vectors") == 5
    assert hil_bench.session is hil_session
    assert hil_session.board is hil_board
"""


def test_what_a_user_calls_their_own_stays_theirs(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    (tmp_path / "test_mine.py").write_text(MINE)
    database = f"--hil-db={database_url(tmp_path)}"
    ours = ("--hil-model=fastgrnn_digits/q15", "--hil-vectors=5", database)
    mine = run_bench(tmp_path, *ours, "test_mine.py")
    assert "3 passed in" in mine.stdout, mine.stdout + mine.stderr
    suite = run_bench(tmp_path, "--board=all", *ours)
    assert "1 passed in" in suite.stdout, suite.stdout + suite.stderr
    assert runs(tmp_path) == [("finished", 1)] * 2


def test_a_test_that_pytest_cannot_repeat_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import unittest\n"
        "import pytest\n"
        "class TestMine(unittest.TestCase):\n"
        "    @pytest.fixture(autouse=True)\n"
        "    def _keep(self, hil_board):\n"
        "        self.kept = hil_board\n"
        "    def test_name(self):\n"
        "        assert self.kept.name == 'qemu'\n"
        "def test_late(request):\n"
        "    request.getfixturevalue('hil_session')\n"
    )
    done = run_bench(tmp_path, "test_mine.py", *QUICK)
    assert "1 failed, 1 error in" in done.stdout, done.stdout
    refused = [
        line for line in done.stdout.splitlines() if line.startswith("this test cannot be run on boards")
    ]
    assert len(refused) == 2
    assert "Traceback" not in done.stdout
    assert "fixtures.py" not in done.stdout
    assert runs(tmp_path) == []
