"""What `pip install hil-lab` brings without an extra is enough for everything but the dashboard."""

from __future__ import annotations

import subprocess
import sys

# Modules of extras cannot be imported after this, installed or not.
_WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in EXTRAS:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
"""
_DASHBOARD = {"dash", "dash_ag_grid", "flask", "pandas", "plotly", "waitress"}
_TRAIN = {"aeon", "skimage", "sklearn", "torch"}
_IMPORT_ALL = """
import importlib, pkgutil
import hil, hil_db
for package in (hil, hil_db):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith("__main__") and not module.name.startswith("hil.models.train."):
            importlib.import_module(module.name)
            print(module.name)
"""


def without(extras: set[str], program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = f"EXTRAS = {extras!r}\n{_WITHOUT}\n{program}"
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=False
    )


def test_every_module_of_the_lab_and_the_store_imports_without_extras() -> None:
    done = without(_DASHBOARD | _TRAIN | {"psycopg", "pyarrow"}, _IMPORT_ALL)
    assert done.returncode == 0, done.stderr
    assert {"hil.cli", "hil.plugin", "hil_db.store"} <= set(done.stdout.split())


def test_dashboard_that_is_not_installed_is_one_line_with_the_remedy() -> None:
    done = without(_DASHBOARD, "from hil.cli import main; sys.exit(main(['dashboard']))")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "the dashboard is not installed" in done.stderr
    assert "pip install 'hil-lab[dashboard]'" in done.stderr
