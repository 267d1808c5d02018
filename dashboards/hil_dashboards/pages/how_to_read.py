"""How to read the other pages: methods, techniques, bands, conditions, verdicts, changes, energy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dash import html
from dash.development.base_component import Component

from hil.gate import wording
from hil.gate.marks import mark_of
from hil.metrics import METRICS, lookup
from hil.power import drivers
from hil.techniques import TECHNIQUES
from hil.text.wording import conditions_text
from hil.values import Measure, Method
from hil_dashboards import examples, text
from hil_dashboards.choices.places import HOW_TO_READ
from hil_dashboards.figures import sketch
from hil_dashboards.pages.parts import Child, badge, heading, sentence

_Entry = tuple[Child | list[Child], Child | list[Child]]  # a sign or a name, and what it means
_THINNED = 20  # samples of a trace that a point of its picture stands for


def how_to_read_page() -> list[Child]:
    """Sections that other pages lead to by their ``id``: methods, techniques, bands, verdicts, …"""
    parts = (
        ("methods", "Methods", _methods()),
        ("techniques", "Techniques", _techniques()),
        ("bands", "Bands", _bands()),
        ("resolution", "Resolution", _resolution()),
        ("conditions", "Conditions and vectors", _conditions()),
        ("verdicts", "Verdicts", _verdicts()),
        ("changes", "Change points", _changes()),
        ("plots", "Marks in plots", _plots()),
        ("triage", "Triage", _triage()),
        ("energy", "Energy", _energy()),
    )
    named: Any = {"aria-label": "Sections"}
    links = [html.A(title, href=f"{HOW_TO_READ}#{key}", className="pill") for key, title, _ in parts]
    return [
        html.Div(
            [
                heading("How to read this", "How to read this"),
                html.P(
                    "What stands beside a value, and what that says of it. The figures here are "
                    "invented; the code that judges real ones made what is told of them.",
                    className="muted",
                ),
                html.Nav(links, className="pills", **named),
            ],
            className="page-head",
        ),
        *(
            html.Section([html.H2(title), *body], id=key, className="card reading", tabIndex=-1)
            for key, title, body in parts
        ),
    ]


def _meanings(entries: Iterable[_Entry]) -> Component:
    parts: list[Component] = []
    for name, meaning in entries:
        parts += [html.Dt(name), html.Dd(meaning)]
    return html.Dl(parts, className="meanings")


def _methods() -> list[Child]:
    held = {one.method: one for one in examples.measured()}
    entries: list[_Entry] = [
        (badge(method), [meaning[:1].upper() + meaning[1:], ": ", *_told(held[Method(method)]), "."])
        for method, meaning in text.METHODS.items()
    ]
    return [
        html.P("Each value says how it was obtained. There are four ways, and each has a sign of its own."),
        _meanings(entries),
        html.P(
            "Values of different methods are never compared, added or drawn as one line: an estimate "
            "that is lower than a measurement is no improvement."
        ),
    ]


def _told(measure: Measure) -> list[Child]:
    """A value as pages write it: title, value, unit, technique."""
    told: list[Child] = [f"{lookup(measure.metric).title} "]
    told.append(html.Strong(text.amount(measure.metric, measure.value, measure.unit) or str(measure.value)))
    return [*told, ", by ", html.Code(measure.technique)]


def _techniques() -> list[Child]:
    entries: list[_Entry] = [
        ([html.Code(one.name), *map(badge, one.methods)], f"{one.told}.") for one in TECHNIQUES
    ]
    probes: list[Child] = []
    for name in drivers.names():
        probes += [", " if probes else "", html.Code(name)]
    entries += [
        (
            [html.Code("a probe's driver"), badge(Method.MEASURED)],
            ["a power probe in the board's supply: ", *probes, "."],
        ),
        (
            [html.Code("… model of … currents"), badge(Method.MODELLED)],
            "an emulated probe of that kind, fed with the currents that a part's datasheet states.",
        ),
    ]
    finer = [one for one in METRICS.values() if one.techniques]
    ways = "; ".join(f"{one.title}: {' before '.join(reversed(one.techniques))}" for one in finer)
    return [
        html.P(
            "The technique is what obtained a value, finer than its method: under a column's head or a badge."
        ),
        _meanings(entries),
        html.P(f"Where two techniques obtain the same thing, tables show the finer one ({ways})."),
        html.P(
            "Values of different techniques are never compared with each other. A newer cycle model is "
            "another technique."
        ),
    ]


def _bands() -> list[Child]:
    measure = next(one for one in examples.measured() if one.band is not None)
    assert measure.band is not None
    below = text.band(measure.metric, measure.value, measure.band)
    span = text.expected(measure.metric, measure.value, measure.band)
    return [
        html.P(
            [
                "A band is where the true value is expected. ",
                *_told(measure),
                f", {below}, says: the cycles of silicon are expected from {span}. In plots it is the "
                "bar through a point.",
            ]
        ),
        html.P(
            "The band of an estimate comes from how far published figures of silicon lie from the "
            "model; that of energy from how far passes differ that begin with a reset each, and holds "
            "the truth 95 times in a hundred. Two values whose bands overlap may still differ: exact "
            "ones are compared exactly."
        ),
    ]


def _resolution() -> list[Child]:
    measure = next(one for one in examples.measured() if one.technique == "timer")
    assert measure.resolution is not None
    step = text.plain(measure.resolution)
    return [
        html.P(
            [
                "The smallest step that a technique can tell. ",
                *_told(measure),
                f", comes in steps of {step}: the true count lies less than {step} away. A change below "
                "one step is none.",
            ]
        )
    ]


def _conditions() -> list[Child]:
    measure = examples.measured()[0]
    return [
        html.P(
            [
                "What a value holds for, where it is not the same everywhere: ",
                *_told(measure),
                f", holds for {conditions_text(measure.conditions)}. Values of other conditions stand "
                "in columns of their own and are not compared.",
            ]
        ),
        html.P(
            "Accuracy and costs depend on which vectors ran. A value over a part of them says over how "
            "many, and is compared with none over others."
        ),
    ]


def _verdicts() -> list[Child]:
    entries: list[_Entry] = []
    for told, verdict in examples.judged():
        sign, word, style = mark_of(verdict)
        unseen: Any = {"aria-hidden": "true"}
        mark = html.Span([html.I(sign, **unseen), word], className=f"verdict {style}")
        why = "" if verdict.reason in (line := wording.one_line(verdict)) else f" {_sentence(verdict.reason)}"
        entries.append((mark, [f"{told} ", html.Code(line), f".{why}"]))
    return [
        html.P(
            "A verdict compares a value with that of an older run, the baseline, and says what it "
            "rests on. What is exact for an image (counts, bytes, cycles of one model) is compared "
            "exactly: any change is one. What is noisy is compared with the noise of its history."
        ),
        _meanings(entries),
        html.P(
            sentence(
                "Which way is worse depends on the metric: fewer cycles are better, more accuracy is. "
                "Thresholds of the lab file (`[[verdicts.threshold]]`) say what is tolerated; `hil "
                "check` gives the same verdicts."
            )
        ),
    ]


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}." if words else ""


def _changes() -> list[Child]:
    values, found = examples.shifted()
    told = "; ".join(f"from {one.before:,.0f} to {one.after:,.0f} µs" for one in found)
    parts = [sketch.path(list(values), 24, 130)]
    for one in found:
        x = (one.index - 0.5) * sketch.WIDTH / (len(values) - 1)
        share = (one.after - one.before) / one.before
        parts += [sketch.upright(x, 8, 134), sketch.words(x - 92, 20, f"{share:+.1%} here")]
    return [
        html.P(
            "No two runs of a noisy metric agree, so one value that is higher says little. Over a "
            "history of runs the lab looks for the places where the level changed, and marks them in "
            "the series."
        ),
        html.Img(
            src=sketch.picture(parts, 140),
            alt=f"Latency over {len(values)} runs, whose level changes {told}",
            className="sketch",
        ),
        html.P(
            f"Latency over {len(values)} runs, in µs: found is a change of level {told}, with the first "
            "run of the new level. What goes and comes back is no change. A drift of the bench's own "
            "clock is taken out by a fixed piece of work that each session times: the reference "
            "workload, whose pace the page of boards shows. Where it drifts, times of the host's clock do."
        ),
    ]


def _plots() -> list[Child]:
    marks = (
        ("a hollow point", "its run's folder had changes that no commit holds"),
        ("× at the bottom", "a run with a session that ended without this value"),
        ("△ or ▽ at a point", "the level changed with this run"),
        ("▼ at the top", "what values may depend on changed: host, lab file, tools, conditions"),
        ("a bar or an area", "the band: where the true value is expected"),
        ("a dotted line across", "the baseline"),
    )
    return [
        html.P("In a series, values over runs:"),
        _meanings((mark, f"{meaning}.") for mark, meaning in marks),
        html.P(
            "Among trade-offs, the newest values of a board's images, an image stands on the Pareto front "
            "where no other is as good in all that is compared and better in one. Of models for different "
            "tasks that says little: choose those that solve yours."
        ),
    ]


def _triage() -> list[Child]:
    return [
        html.P(
            "What got worse stays open until somebody decides on it: acknowledges it, ignores it until a "
            "day, or says which commit fixes it, with a reason that is kept. What changed by the largest "
            "share of its value stands first."
        ),
        html.P(
            sentence(
                "Who logs in (`hil dashboard --auth=users`) and has the role triage decides; `hil dashboard "
                "user add NAME --role=triage` gives it. Others read."
            )
        ),
    ]


def _energy() -> list[Child]:
    trace, found, inferences = examples.traced()
    thinned = trace.current_a[::_THINNED]
    scale = sketch.WIDTH / len(trace.current_a)
    parts = [sketch.box(one.begin * scale, one.end * scale, 8, 104) for one in found.windows]
    parts += [
        sketch.path([float(one) for one in thinned], 16, 100),
        sketch.path([float(one) for one in trace.digital[::_THINNED]], 116, 136, "pin"),
        sketch.words(4, 78, "rest"),
        sketch.words(4, 132, "sync pin"),
    ]
    each = examples.traced().energies_uj
    told = ", ".join(text.plain(one) for one in each)
    return [
        html.P(
            "A power probe samples the current in the board's supply while the firmware computes one "
            "vector again and again. Its sync pin changes between batches of inferences: two edges "
            "enclose a span, and a window is as many spans as last long enough."
        ),
        html.Img(
            src=sketch.picture(parts, 144),
            alt=f"Current over time: rest, then {len(found.windows)} windows between edges of the sync pin",
            className="sketch",
        ),
        html.P(
            f"{len(found.windows)} windows of {inferences} inferences each, at {trace.supply_v:g} V: "
            f"{told} µJ per inference, the energy of the window over its inferences. The value is the "
            "median of all windows that count. A window counts when its trace has no gap and each span "
            "lasts as long as the board's own counter says; what does not count is kept, with the "
            "reason, and hatched in the power trace."
        ),
        html.P(
            "Energy per inference is gross; energy above idle has what the board takes at rest subtracted."
        ),
    ]
