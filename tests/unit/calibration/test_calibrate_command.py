"""`hil calibrate`: a board's cycles beside its twin's estimates, and why an image has none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from calibrated import BEGAN, BOARD, CHIP, TWIN, at_wait_states, estimated, measured, point, stored
from hil.calibration.file import points_text, read_points, write_points
from hil.cli import main
from hil.metrics import LATENCY_CYCLES, LOWER_TIER
from hil.values import Method
from hil_db.records import RunInfo, SessionRecord, Status
from hil_db.store import Store

MPS2 = "qemu_mps2_an386"


class Said:
    """A command's exit code, and what it printed."""

    def __init__(self, capsys: pytest.CaptureFixture[str], *words: str) -> None:
        self.code = main(["calibrate", *words])
        self.out, self.err = capsys.readouterr()


def test_both_sides_stand_beside_each_other_and_become_a_point(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = stored(tmp_path, measured(), estimated())
    file = tmp_path / "points.toml"
    said = Said(capsys, f"--db={db}", "--board=desk-1", f"--against={TWIN}", f"--out={file}")
    assert (said.code, said.err) == (0, "")
    lines = said.out.splitlines()
    assert lines[0] == (
        f"measured on {BOARD}, {CHIP}: dwt, clock 80 MHz, wait states 4, caches prefetch, instructions, data"
    )
    assert lines[1] == "estimated: cycle-model-2, wait states 0, by QEMU 10.0.13"
    row = "m q15 inference 100 1,100 1,100 to 1,140 1,000 -7/+7% 1.100 not judged"
    assert lines[6].split() == row.split()
    assert lines[8] == (
        "1 image: measured / estimated 1.100; "
        "in the band: not judged, measured at 4 wait states, estimated for 0"
    )
    assert lines[-1] == f"wrote {file}: 1 point"
    (one,) = read_points(file)
    assert (one.image, one.vectors, one.vectors_sha256) == ("a" * 64, 100, "c" * 64)
    board, twin = one.measured, one.estimated
    assert (board.kind, board.chip, board.clock_hz, board.technique) == (BOARD, CHIP, 80e6, "dwt")
    assert (board.cycles, board.least, board.p99, board.most) == (1100, 1100, 1140, 1140)
    assert board.conditions == {"wait_states": 4.0, "caches": "prefetch, instructions, data"}
    assert (twin.kind, twin.technique, twin.qemu) == (TWIN, "cycle-model-2", "10.0.13")
    assert (twin.cycles, twin.low, twin.high) == (1000, 930, 1070)
    assert board.commit == twin.commit == "d" * 40
    assert twin.date > board.date
    assert len({board.session, twin.session}) == 2
    assert not one.synthetic


@pytest.mark.parametrize(("cycles", "told"), [(1060, "1 of 1"), (1100, "0 of 1")])
def test_at_the_wait_states_of_the_estimate_the_band_is_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cycles: int, told: str
) -> None:
    db = stored(tmp_path, at_wait_states(measured(cycles=cycles), 0.0), estimated())
    assert Said(capsys, f"--db={db}").out.splitlines()[-1].endswith(f"in the band: {told}")


def test_a_board_that_does_not_tell_its_wait_states_is_not_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = stored(tmp_path, at_wait_states(measured(), None), estimated())
    said = Said(capsys, f"--db={db}")
    assert said.out.splitlines()[-1].endswith("not judged, the board does not tell its wait states")


def test_the_newest_session_counts_and_a_run_may_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = replace(measured(cycles=9), status=Status.FAILED, error="it hung")
    db = stored(
        tmp_path, estimated(cycles=990), measured(cycles=1000), measured(cycles=1100), estimated(), failed
    )
    assert "1.100" in Said(capsys, f"--db={db}").out
    assert "measured / estimated 1.000;" in Said(capsys, f"--db={db}", "--run=2").out
    said = Said(capsys, f"--db={db}", "--run=1")
    assert (said.code, said.out) == (1, "")
    assert "no finished session of desk-1 in run 1 measured cycles" in said.err


# What else is stored, and what the line on the image says then.
ALONE: list[tuple[list[SessionRecord], str, str]] = [
    ([], "no session estimates its image", f"pytest --board={TWIN}"),
    (
        [estimated(board="qemu", kind=MPS2, image="e")],
        f"qemu is a {MPS2}, whose images are others",
        f"{TWIN}",
    ),
    ([estimated(image="f")], "another image: aaaaaaaaaaaa was measured, ffffffffffff", "from one build"),
    ([estimated(vectors=20)], "measured over 100 vectors, " + TWIN + " estimated it over 20", "--vectors"),
    (
        [replace(estimated(), vectors_sha256="f" * 64)],
        "measured over 100 vectors, " + TWIN + " estimated it over other vectors",
        "from one build",
    ),
    ([estimated(plugin=False)], f"{TWIN} ran the image and has no estimate", "`hil doctor`"),
    ([measured(board="desk-2")], "no session estimates its image", TWIN),
]


@pytest.mark.parametrize(("others", "why", "remedy"), ALONE)
def test_an_image_without_an_estimate_says_why_and_what_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], others: list[SessionRecord], why: str, remedy: str
) -> None:
    db = stored(tmp_path, measured(), *others)
    out = tmp_path / "points.toml"
    said = Said(capsys, f"--db={db}", "--board=desk-1", f"--out={out}")
    assert said.code == 1
    line, last = said.out.splitlines()
    assert line.startswith("desk-1 m/q15: ")
    assert why in line
    assert remedy in line.partition("; ")[2]
    assert last == f"wrote nothing to {out}: there is no point"
    assert not out.exists()


def test_one_image_without_an_estimate_hides_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = stored(tmp_path, measured(), estimated(), measured("other", image="b"))
    said = Said(capsys, f"--db={db}")
    assert said.code == 1
    assert "1 image: measured / estimated 1.100" in said.out
    assert said.out.splitlines()[-1].startswith("desk-1 other/q15: no session estimates its image")


def test_two_boards_of_one_name_are_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(measured(cycles=1200), probe="066BFF30")
    db = stored(tmp_path, replace(measured(), probe="066BFF31"), other, estimated())
    assert "2 images: measured / estimated 1.100 to 1.200" in Said(capsys, f"--db={db}").out


def test_a_tier_has_a_point_of_its_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = LOWER_TIER.of(LATENCY_CYCLES).name
    sides = []
    for record, method, value in (
        (measured(), Method.MEASURED, 550.0),
        (estimated(), Method.ESTIMATED, 500.0),
    ):
        whole = next(one for one in record.measures if (one.metric, one.method) == ("latency_cycles", method))
        band = None if whole.band is None else (465.0, 535.0)
        tier = replace(whole, metric=name, value=value, band=band)
        sides.append(replace(record, measures=(*record.measures, tier)))
    said = Said(capsys, f"--db={stored(tmp_path, *sides)}", f"--out={tmp_path / 'points.toml'}")
    rows = [line.split() for line in said.out.splitlines() if line.startswith("m ")]
    assert " ".join(rows[1]) == "m q15 lower tier alone 100 550 - 500 -7/+7% 1.100 not judged"
    assert "1 image: " in said.out
    assert [one.region for one in read_points(tmp_path / "points.toml")] == ["inference", "lower tier alone"]


def test_a_search_for_a_commit_is_no_measurement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = stored(tmp_path, measured(), estimated())
    with Store.open(db) as store:
        began = BEGAN + timedelta(days=1)
        run = store.begin_run(RunInfo(began, "hil bisect a b --model=m"))
        store.save_session(run, replace(measured(cycles=9), started=began, finished=began))
        store.finish_run(run, Status.FINISHED)
    assert "measured / estimated 1.100;" in Said(capsys, f"--db={db}").out


def test_a_kind_without_a_twin_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = stored(tmp_path, replace(measured(), kind="own_board"))
    assert "no emulated board that runs images for own_board" in Said(capsys, f"--db={db}").out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--board=desk-2"], "desk-2: has no session ({db}); did you mean 'desk-1'?"),
        (
            ["--board=" + TWIN],
            f"{TWIN}: measured no cycles ({{db}}; it is a {TWIN}); boards that did: desk-1",
        ),
        (["--against=nobody"], "nobody: has no session ({db}); run `pytest --board=nobody"),
        (
            ["--against=qemu"],
            f"qemu: is a {MPS2}, which runs no images for {BOARD}; run `pytest --board={TWIN}",
        ),
        (["--run=nightly"], "there is no run 'nightly' in {db}"),
        (["--force"], "--force is of --out; name the file with --out"),
        (["{db}"], "{db} is no file of points ("),
    ],
)
def test_what_cannot_be_done_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    db = stored(tmp_path, measured(), estimated(), estimated(board="qemu", kind=MPS2))
    place = db.removeprefix("sqlite:///")
    said = Said(capsys, f"--db={db}", *(word.format(db=place) for word in words))
    assert (said.code, said.out) == (1, "")
    assert said.err.startswith(f"hil: {line.format(db=place)}")
    assert said.err.count("\n") == 1


def test_a_database_without_silicon_says_how_to_get_some(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = Said(capsys, f"--db={stored(tmp_path, estimated())}")
    assert (said.code, said.out) == (1, "")
    assert "no board in " in said.err
    assert "has measured cycles; run silicon, which counts them" in said.err


def test_a_file_is_extended_and_only_by_force_written_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    db = stored(tmp_path, measured(), estimated())
    file = tmp_path / "points.toml"
    write_points(file, [point(session="elsewhere")])
    said = Said(capsys, f"--db={db}", f"--out={file}")
    assert said.out.splitlines()[-1] == f"wrote {file}: 2 points, 1 of them new"
    first = file.read_bytes()
    said = Said(capsys, f"--db={db}", f"--out={file}")
    assert said.out.splitlines()[-1] == f"wrote {file}: 2 points, 0 of them new"
    assert file.read_bytes() == first
    said = Said(capsys, f"--db={db}", f"--out={file}", "--force")
    assert said.out.splitlines()[-1] == f"wrote {file}: 1 point"


def test_a_file_that_makes_no_sense_is_left_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "notes.toml"
    file.write_text("mine = 1\n")
    said = Said(capsys, f"--db={stored(tmp_path, measured(), estimated())}", f"--out={file}")
    assert said.code == 1
    assert f"unknown key 'mine' ({file}, line 1, column 1)" in said.err
    assert file.read_text() == "mine = 1\n"


def test_the_files_of_two_benches_become_one_whichever_comes_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = []
    for number, cycles in enumerate((1100, 1200)):
        db = stored(tmp_path, measured(cycles=cycles), estimated(), name=f"bench-{number}")
        names.append(str(tmp_path / f"{number}.toml"))
        assert Said(capsys, f"--db={db}", f"--out={names[-1]}").code == 0
    texts = []
    for order in (names, names[::-1]):
        out = tmp_path / "both.toml"
        said = Said(capsys, *order, f"--out={out}", "--force")
        assert "2 images: measured / estimated 1.100 to 1.200, median 1.150" in said.out
        texts.append(out.read_text())
    assert texts[0] == texts[1]
    assert texts[0] == points_text(read_points(tmp_path / "both.toml"))


def test_rows_for_a_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    db = stored(tmp_path, at_wait_states(measured(cycles=1050), 0.0), estimated())
    lines = Said(capsys, f"--db={db}", "--markdown").out.splitlines()
    assert lines == [
        "| board | measured | estimated | points | measured / estimated | in the band |",
        "|---|---|---|---|---|---|",
        f"| `{BOARD}`, {CHIP} | dwt, clock 80 MHz, wait states 0, caches prefetch, instructions, data "
        "| cycle-model-2, wait states 0 | 1 | 1.050 | 1 of 1 |",
    ]
