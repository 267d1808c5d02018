"""Where the cycles of two images go: a flame graph of what changed, and their functions."""

from __future__ import annotations

from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.measure.flame import gone
from hil.measure.profile import Profile, functions
from hil.measure.verdicts import Outcome
from hil.measure.why import Part, classes_of_function, functions_changed, most_of
from hil.metrics import LATENCY_CYCLES
from hil_dashboards.figures.differences import flame_difference
from hil_dashboards.figures.flame import flame_figure
from hil_dashboards.pages.deferred import deferred_plot
from hil_dashboards.pages.grid import amount, column
from hil_dashboards.pages.verdicts import listed, marked
from hil_dashboards.reading.compare import Side
from hil_db.comparing import Compared

_ROW, _SPARE = 28, 60  # pixels of an icicle
_GONE_MOST = 8
_MORE, _LESS, _SAME = ("▲", "more", "worse"), ("▼", "less", "better"), ("=", "same", "same")
_NEW, _LEFT = ("+", "new", "worse"), ("−", "gone", "better")


def cycles_part(before: Side, after: Side, one: Compared) -> list[Component]:
    """The difference of two profiles; both side by side where they are not to be compared."""
    old, new = before.profile, after.profile
    if old is None or new is None:
        which = "either session" if old is new else "the session before" if old is None else "the session now"
        told = f"No profile of {which} is stored: QEMU's timing plug-in makes them."
        return [_card([html.P(told, className="beside")])]
    why = _unlike(old, new, one)
    if why is not None:
        return [_card([html.P(f"Not compared: {why}.", className="beside"), *_beside(old, new)])]
    parts = functions_changed(old, new)
    told = f"{_each(old)} → {_each(new)} cycles an inference, estimated by {new.technique}"
    if not parts:
        return [_card([html.P(f"{told}: no function's cycles changed.", className="beside")])]
    spoken = f"{told}. {_parts_told(parts)}"
    return [
        _card(
            [
                html.P(spoken, className="beside"),
                html.P(
                    "As wide as cycles are many now; what a function calls stands below it. Red and a plus"
                    " sign: the function itself takes more than before; blue and a minus sign: less.",
                    className="beside muted",
                ),
                deferred_plot(
                    "flame-difference",
                    flame_difference(old, new),
                    f"{told}. {_parts_told(parts)}",
                    _height(new),
                ),
                *_gone(old, new),
                _listed(old, new, parts),
            ]
        )
    ]


def _card(parts: list[Component]) -> Component:
    return html.Section([html.H2("Where cycles go"), *parts], className="card grid-card cycles-difference")


def _unlike(old: Profile, new: Profile, one: Compared) -> str | None:
    """Why the two are not compared."""
    if old.technique != new.technique:
        return f"profiles by {new.technique} now and by {old.technique} before"
    for verdict in one.verdicts:
        is_of_it = verdict.metric.name == LATENCY_CYCLES.name
        if is_of_it and verdict.outcome is Outcome.NOT_COMPARABLE and verdict.share is None:
            return verdict.reason
    return None


def _beside(old: Profile, new: Profile) -> list[Component]:
    return [
        part
        for name, held in (("Before", old), ("Now", new))
        for part in (
            html.H3(f"{name}: {_each(held)} cycles an inference, by {held.technique}"),
            deferred_plot(
                f"flame-{name.lower()}",
                flame_figure(held),
                f"{name}: {_each(held)} cycles an inference",
                _height(held),
            ),
        )
    ]


def _height(profile: Profile) -> int:
    return _SPARE + _ROW * (1 + max((len(cost.path) for cost in profile.paths), default=0))


def _each(profile: Profile) -> str:
    return f"{profile.cycles / profile.regions:,.0f}"


def _parts_told(parts: tuple[Part, ...]) -> str:
    most = most_of(parts)
    assert most is not None, "something changed"
    count = len(parts)
    which = f"{count} function{'s' if count != 1 else ''} changed, most of it in "
    return f"{which}{_name(most)}: {_signed(most.more)} cycles."


def _name(part: Part) -> str:
    name = f"{part.name} (was {part.was})" if part.was else part.name
    return name + (f" with {', '.join(part.joined)}" if part.joined else "")


def _gone(old: Profile, new: Profile) -> list[Component]:
    left = gone(new, old)
    if not left:
        return []
    lines = [f"{' › '.join(path)}: {cost:,.0f} cycles" for path, cost in left[:_GONE_MOST]]
    more = len(left) - len(lines)
    lines += [f"and {more} more"] if more > 0 else []
    return [html.P(f"Paths that are gone: {'; '.join(lines)}.", className="beside")]


def _listed(old: Profile, new: Profile, parts: tuple[Part, ...]) -> Component:
    """Functions with what an inference spends in them: those that changed, then the others by their cost."""
    told = {name for part in parts for name in (part.name, part.was, *part.joined)}
    own = {cost.name: cost.own / new.regions for cost in functions(new)}
    same = [Part(name, cycles, cycles) for name, cycles in own.items() if name not in told and cycles]
    rows = [_row(part, old, new) for part in (*parts, *same)]
    columns = [
        column("Function", "function", rows, cellClass="mono"),
        column("It takes", "word", rows, "Verdict", more=20),
        column("Before", "before", rows, "Amount"),
        column("Now", "now", rows, "Amount", cellClass=["ag-right-aligned-cell", "strong"]),
        column("Change", "change", rows, "Amount"),
        column("Share now", "share", rows, "Amount"),
        column("Most by", "class", rows, headerTooltip="the class of instructions that did most of it"),
    ]
    return html.Div(
        [html.H3("Own cycles of an inference, by function"), *listed("functions-difference", columns, rows)]
    )


def _row(part: Part, old: Profile, new: Profile) -> dict[str, Any]:
    more = part.more
    mark = _SAME
    if more:
        mark = _NEW if not part.before else _LEFT if not part.after else _MORE if more > 0 else _LESS
    classes = classes_of_function(old, new, part) if more else ()
    most = most_of(classes)
    whole = new.cycles / new.regions or 1.0
    share = f" ({'+' if more > 0 else '−'}{abs(more) / part.before * 100:,.3g} %)" if part.before else ""
    return marked(mark) | {
        "function": _name(part),
        "before": amount(part.before, _cycles(part.before)),
        "now": amount(part.after, _cycles(part.after)),
        "change": amount(more, f"{_signed(more)}{share}") if more else None,
        "share": amount(part.after / whole, f"{part.after / whole * 100:.1f} %"),
        "class": f"{most.name} {_signed(most.more)}" if most is not None else "",
    }


def _cycles(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 or float(number).is_integer() else f"{number:.2f}"


def _signed(more: float) -> str:
    return ("+" if more > 0 else "−") + _cycles(abs(more))
