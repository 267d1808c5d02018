"""Flame graphs as SVG: where the cycles of an inference go, and where they went since the baseline."""

from __future__ import annotations

from hil.gate.wording import number
from hil.measure.flame import Frame, frames, gone
from hil.measure.profile import Profile, functions
from hil.report.markup import Html, joined, table, tag
from hil.report.words import plural

_ROW = 20  # pixels
_LEAST = 0.0012  # of the whole: narrower frames are left out
_NAMED = 0.03  # of the whole: in narrower ones no name can be read
_LETTER = 6.6  # pixels, of the widest picture
_WIDEST = 1180
_FUNCTIONS = 12
_STEPS = 5  # of a colour
_SMALL = 0.0005  # of the whole: a change below it is none that a colour shows


def flame_graph(profile: Profile | None, before: Profile | None, compared: bool) -> Html:
    """The graph of an image, its difference, and both as a table; or why there is none."""
    if profile is None:
        told = "No profile was stored of this session: QEMU's timing plug-in makes them."
        return tag("p", told, class_="empty")
    held = frames(profile)
    cycles = profile.cycles / profile.regions
    told = (
        f"{number(round(cycles))} cycles an inference, the mean over {plural(profile.regions, 'inference')}; "
    )
    told += f"estimated, {profile.technique}. Wide: much time; what a function calls stands below it."
    parts = [tag("p", told, class_="note"), _drawn(held, "Where the cycles of an inference go", None)]
    parts += _difference(profile, before, compared)
    parts.append(_table(profile, before))
    return joined(parts)


def _difference(profile: Profile, before: Profile | None, compared: bool) -> list[Html]:
    if not compared:
        return []
    head = tag("h5", "Difference from the baseline")
    if before is None:
        return [head, tag("p", "The baseline has no profile of this image.", class_="empty")]
    if before.technique != profile.technique:
        told = f"Profiles by {profile.technique} now and by {before.technique} before are not compared."
        return [head, tag("p", told, class_="empty")]
    held = frames(profile, before)
    left = gone(profile, before)
    whole = held[0].total if held else 1.0
    most = max((abs(frame.more or 0.0) for frame in held), default=0.0)
    if most <= 0.5 and not left:
        return [head, tag("p", "No function's cycles changed.", class_="empty")]
    told = "Widths are those of now; red and a plus sign: a function takes more cycles itself than in the "
    told += "baseline; blue and a minus sign: fewer."
    parts = [
        head,
        tag("p", told, class_="note"),
        _drawn(held, "What changed since the baseline", max(most, _SMALL * whole)),
    ]
    if left:
        lines = [f"{' › '.join(path)}: {number(round(cost, 1))} cycles" for path, cost in left[:_FUNCTIONS]]
        more = len(left) - len(lines)
        lines += [f"and {more} more"] if more > 0 else []
        parts.append(tag("p", "Gone since the baseline: ", "; ".join(lines), ".", class_="note"))
    return parts


def _drawn(held: tuple[Frame, ...], title: str, most: float | None) -> Html:
    shown = [frame for frame in held if frame.width >= _LEAST]
    height = _ROW * (1 + max((frame.depth for frame in shown), default=0))
    left_out = len(held) - len(shown)
    more = f", without {plural(left_out, 'frame')} too narrow to see" if left_out else ""
    return tag(
        "svg",
        tag("title", f"{title}: {plural(len(shown), 'frame')}{more}; the table below says the same"),
        *(_frame(frame, most) for frame in shown),
        class_="flame",
        role="img",
        width="100%",
        height=height,
    )


def _frame(frame: Frame, most: float | None) -> Html:
    name = frame.path[-1]
    said, label, kind = f"{name}: {_cost(frame)}", name, f"f{_hash(name)}"
    if most is not None:
        more = frame.more or 0.0
        label, kind = _labelled(name, frame, more), _shade(more, most)
        said += f"; {_versus(frame)}"
    text = None
    if frame.width >= _NAMED:
        letters = int(frame.width * _WIDEST / _LETTER)
        cut = label if len(label) <= letters else f"{label[: letters - 1]}…"
        text = tag("text", cut, x=4, y=14)
    return tag(
        "svg",
        tag("title", said),
        tag("rect", width="100%", height=_ROW - 1, class_=kind),
        text,
        x=f"{frame.start * 100:.3f}%",
        y=frame.depth * _ROW,
        width=f"{frame.width * 100:.3f}%",
        height=_ROW - 1,
        data_l=label,
    )


def _cost(frame: Frame) -> str:
    share = f"{frame.width * 100:.1f} %"
    total, own = (number(round(cost, 1)) for cost in (frame.total, frame.own))
    return f"{total} cycles with what it calls ({share}), {own} itself"


def _versus(frame: Frame) -> str:
    if not frame.total_before:
        return "this path is new"
    more, total = frame.more or 0.0, frame.total - frame.total_before
    return f"since the baseline {_signed(more)} itself, {_signed(total)} with what it calls"


def _labelled(name: str, frame: Frame, more: float) -> str:
    if not frame.total_before:
        return f"new {name}"
    return f"{_signed(more)} {name}" if abs(more) >= 0.5 else name


def _signed(cycles: float) -> str:
    sign = "+" if cycles > 0 else "−" if cycles < 0 else "±"
    return f"{sign}{number(round(abs(cycles), 1))}"


def _shade(more: float, most: float) -> str:
    """The class of a colour: by how much of the largest change it changed, and which way."""
    step = min(_STEPS, round(abs(more) / most * _STEPS + 0.5)) if most else 0
    if abs(more) < _SMALL * most or not step:
        return "d0"
    return f"{'u' if more > 0 else 'd'}{step}"


def _hash(name: str) -> int:
    """A number of a few that stays a function's own in every picture."""
    return sum(place * ord(letter) for place, letter in enumerate(name, 1)) % 6


def _table(profile: Profile, before: Profile | None) -> Html:
    """The functions that take most, and that changed most."""
    usable = before if before is not None and before.technique == profile.technique else None
    now = {cost.name: cost.own / profile.regions for cost in functions(profile)}
    then = {cost.name: cost.own / usable.regions for cost in functions(usable)} if usable is not None else {}
    whole = sum(now.values()) or 1.0
    by_cost = sorted({*now, *then}, key=lambda name: (-now.get(name, 0.0), name))[:_FUNCTIONS]
    by_change = sorted({*now, *then}, key=lambda name: -abs(now.get(name, 0.0) - then.get(name, 0.0)))
    changed = [
        name
        for name in by_change[: _FUNCTIONS // 2]
        if usable is not None and abs(now.get(name, 0.0) - then.get(name, 0.0)) >= 0.5
    ]
    names = list(dict.fromkeys([*changed, *by_cost]))
    heads = ["Function", "Own cycles", "Share"] + (["Baseline", "Change"] if usable is not None else [])
    rows = [
        tag(
            "tr",
            tag("th", name, scope="row", class_="mono"),
            *(tag("td", cell) for cell in _cells(name, now, then, whole, usable is not None)),
        )
        for name in names
    ]
    caption = (
        "Functions by what an inference spends in them, without what they call; what changed comes first."
    )
    more = len(now) - sum(name in now for name in names)
    note = tag("p", f"And {plural(more, 'function')} that take less.", class_="note") if more > 0 else None
    return tag(
        "details",
        tag("summary", "As a table: cycles by function"),
        table(caption, heads, rows, "figures", "Cycles by function"),
        note,
    )


def _cells(
    name: str, now: dict[str, float], then: dict[str, float], whole: float, compared: bool
) -> list[str]:
    held = now.get(name, 0.0)
    cells = [number(round(held, 1)), f"{held / whole * 100:.1f} %"]
    if compared:
        before = then.get(name, 0.0)
        cells += [number(round(before, 1)), _signed(held - before) if held != before else "="]
    return cells
