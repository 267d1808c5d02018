"""The addresses that are tried: of each page at least one, with what it shows of the lab of ``seeded_lab``.

A new page needs a line here: it is then looked at with a seeded, an empty, a one-run and damaged databases,
by keyboard alone, by axe-core, back and forth in the browser's history, and with nonsense in its parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlparse

from seeded_lab import DEMO

_PLACES = {(one.board, one.model, one.precision): place for place, one in enumerate(DEMO.cases)}
SMALL, SECOND = DEMO.names[:2]
NEWEST = DEMO.ends + 1  # the number of the newest run that ended
BASELINE = DEMO.runs - 13  # of release-2.0


def session(run: int, board: str = "qemu", model: str = SMALL, precision: str = "q15") -> int:
    """The number of a session in the seeded lab, by the number of its run."""
    return (run - 1) * len(DEMO.cases) + _PLACES[board, model, precision] + 1


@dataclass(frozen=True)
class Address:
    """A path with its query; ``key`` selects what must be there in the seeded lab.

    ``others`` are parameters that the page takes beside those in the query.
    """

    address: str
    key: str = "main h1"
    others: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        return urlparse(self.address).path

    @property
    def parameters(self) -> dict[str, str]:
        """What the query gives, and the others empty."""
        given = {name: texts[0] for name, texts in parse_qs(urlparse(self.address).query).items()}
        return dict.fromkeys(self.others, "") | given

    def given(self, **changed: str) -> str:
        """The address with parameters of one's own."""
        return f"{self.path}?{urlencode(self.parameters | changed)}"


def _case(board: str = "qemu", model: str = SMALL, precision: str = "q15") -> str:
    kinds = dict(zip(DEMO.boards, ("qemu_mps2_an386", "nucleo_f439zi"), strict=True))
    return urlencode({"board": board, "kind": kinds[board], "model": model, "precision": precision})


_CASE = ("board", "kind", "model", "precision")
ADDRESSES = (
    Address("/", ".grid-card .ag-row", ("metric", "baseline", "columns", *_CASE)),
    Address(
        "/series",
        ".plot-card .main-svg",
        ("metric", "runs", "method", "technique", "baseline", "scale", "skip", "model", "board", "precision"),
    ),
    Address(
        "/series?metric=latency_us&method=measured&technique=dwt&scale=log&skip=8", ".plot-card .main-svg"
    ),
    Address(f"/series?metric=latency_cycles&model={SMALL}&precision=q15", ".plot-card .main-svg"),
    Address("/runs", ".ag-row", ("branch", "host", "board", "status", "of", "baseline", "page")),
    Address(f"/run?run={NEWEST}", ".changes .ag-row", ("baseline",)),
    Address(f"/session?session={session(NEWEST)}", ".log", ("metric", "technique", "plot", "memory")),
    Address(f"/session?session={session(NEWEST, 'nucleo-1')}&plot=order&memory=ram", ".chart svg"),
    Address(f"/compare?before={BASELINE}&after={NEWEST}", ".ag-row", ("baseline", "show", "metric", *_CASE)),
    Address(f"/compare?before={BASELINE}&after={NEWEST}&{_case()}", ".ag-row", ("vectors",)),
    Address(f"/compare?first={session(NEWEST)}&second={session(NEWEST, model=SECOND)}", ".ag-row"),
    Address(
        "/pareto",
        ".grid-card .ag-row",
        ("board", "kind", "model", "precision", "x", "y", "size", "front", "by", "baseline", "flash_kb"),
    ),
    Address("/pareto?board=nucleo-1&per_hour=60&capacity_mah=220&battery_v=3&life_days=30", ".fit-not"),
    Address("/boards", ".ag-row"),
    Address("/triage", ".ag-row", ("baseline", "show")),
    Address("/triage?baseline=nightly&show=all", ".ag-row"),
    Address(f"/profile?{_case()}", ".ag-row", ("run",)),
    Address(f"/trace?{_case('nucleo-1')}", ".main-svg", ("session", "pass", "from", "to")),
    Address("/live", "#live-read"),
    Address("/how-to-read"),
    Address("/nowhere"),
)
