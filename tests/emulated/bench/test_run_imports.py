"""What a run that flashes a board has imported in pytest's own process, whose start it would lengthen."""

from __future__ import annotations

from pathlib import Path

from bench_runs import QUICK, run_bench

LOOKS = """
import sys

def test_imports(hil_session):
    assert hil_session.flash_report.bytes_total > 0
    assert [name for name in ("pyocd", "lark", "pylink", "sqlalchemy.orm") if name in sys.modules] == []
"""


def test_pyocd_is_imported_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "test_imports.py").write_text(LOOKS)
    ended = run_bench(tmp_path, *QUICK, "test_imports.py")
    assert ended.returncode == 0, ended.stdout + ended.stderr
