"""The addresses that are tried: of each page at least one, with what it shows of the lab of ``seeded_lab``.

A new page needs a line here: it is then looked at with a seeded, an empty, a one-run and damaged databases,
by keyboard alone, by axe-core, back and forth in the browser's history, and with nonsense in its parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlparse

from seeded_lab import DEMO, Lab


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


_CASE = ("board", "kind", "model", "precision")


def addresses_of(lab: Lab) -> tuple[Address, ...]:
    """Those of a seeded lab."""
    newest, baseline = lab.ends + 1, lab.runs - 13  # the newest run that ended, and release-2.0
    small = lab.names[0]

    def case(board: str = "qemu") -> str:
        kind = next(one.kind for one in lab.cases if one.board == board)
        return urlencode({"board": board, "kind": kind, "model": small, "precision": "q15"})

    def number(board: str = "qemu", place: int = 0) -> int:
        """Of a session of the newest run that ended."""
        wanted = (board, lab.names[place], "q15")
        named = [(one.board, one.model, one.precision) for one in lab.cases]
        return (newest - 1) * len(named) + named.index(wanted) + 1

    return (
        Address("/", ".grid-card .ag-row", ("metric", "baseline", "columns", "show", "sort", *_CASE)),
        Address(
            "/series",
            ".plot-card .main-svg",
            (
                "metric",
                "runs",
                "method",
                "technique",
                "baseline",
                "scale",
                "skip",
                "model",
                "board",
                "precision",
            ),
        ),
        Address(
            "/series?metric=latency_us&method=measured&technique=dwt&scale=log&skip=8", ".plot-card .main-svg"
        ),
        Address(f"/series?metric=latency_cycles&model={small}&precision=q15", ".plot-card .main-svg"),
        Address("/runs", ".ag-row", ("branch", "host", "board", "status", "of", "baseline", "page")),
        Address(f"/run?run={newest}", ".sessions .ag-row", ("baseline",)),
        Address(f"/session?session={number()}", ".log", ("metric", "technique", "plot", "memory")),
        Address(f"/session?session={number('nucleo-1')}&plot=order&memory=ram", ".chart svg"),
        Address(
            f"/compare?before={baseline}&after={newest}", ".ag-row", ("baseline", "show", "metric", *_CASE)
        ),
        Address(f"/compare?before={baseline}&after={newest}&{case()}", ".ag-row", ("vectors",)),
        Address(f"/compare?first={number()}&second={number(place=1)}", ".ag-row"),
        Address(
            "/pareto",
            ".plot-card .main-svg",
            ("board", "kind", "model", "precision", "x", "y", "size", "front", "by", "baseline", "flash_kb"),
        ),
        Address(
            "/pareto?board=nucleo-1&per_hour=60&capacity_mah=220&battery_v=3&life_days=30", ".budget-told"
        ),
        Address("/boards", ".ag-row"),
        Address("/triage", ".ag-row", ("baseline", "show")),
        Address("/triage?baseline=nightly&show=all", ".ag-row"),
        Address(f"/profile?{case()}", ".ag-row", ("run",)),
        Address(f"/trace?{case('nucleo-1')}", "[data-drawn]", ("session", "pass", "from", "to")),
        Address("/live", "#live-read"),
        Address("/how-to-read"),
        Address("/nowhere"),
    )


ADDRESSES = addresses_of(DEMO)
