"""The whole file: its parts, the worst first, as many of them as it has room for."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from hil.report.data import Report
from hil.report.images import Depth, image, images_section
from hil.report.markup import Child, Html, joined, tag
from hil.report.matrix import matrix
from hil.report.series import figures, series_section
from hil.report.summary import facts, head, reasons
from hil.report.words import MEANINGS, badge
from hil_dashboards.text import METHODS

MOST_BYTES = 5_000_000
_SPARE = 1_000  # bytes: for what parts say of what they leave out
_FOR_MATRIX = 0.4  # of the file
_FOR_IMAGES = 0.6  # of the room that is left then: the rest is for series of what did not change
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'; base-uri 'none'; "
    "form-action 'none'"
)


def page(report: Report, most: int = MOST_BYTES) -> str:
    """The file's text, at most ``most`` bytes as UTF-8.

    What does not fit is left out, what did not change first, and its part says how much of it.
    """
    links = [f"image-{place}" for place in range(len(report.images))]
    pairs = list(zip(report.images, links, strict=True))
    first = [reasons(report, links), facts(report), matrix(report, links, round(most * _FOR_MATRIX))]
    charts = figures(report, links)
    heads = list({(one.metric, one.changed): replace(one, html=Html("")) for one in charts}.values())
    names = [image(report, one, link, place, Depth.NAME) for place, (one, link) in enumerate(pairs)]
    bare = [*first, series_section(report, heads, len(charts)), images_section(names, len(names)), _legend()]
    room = _Room(most - _SPARE - _size(_whole(report, bare)))
    taken = [one for one in charts if one.changed and room.takes(_size(one.html))]
    kept = room.left * (1 - _FOR_IMAGES)
    drawn = names
    for depth in (Depth.VALUES, Depth.WHOLE):
        deeper = [image(report, one, link, place, depth) for place, (one, link) in enumerate(pairs)]
        fits = [room.takes(_size(new) - _size(old), kept) for new, old in zip(deeper, drawn, strict=True)]
        drawn = [new if fit else old for new, old, fit in zip(deeper, drawn, fits, strict=True)]
    taken += [one for one in charts if not one.changed and room.takes(_size(one.html))]
    series = series_section(report, taken, len(charts) - len(taken))
    return _whole(report, [*first, series, images_section(drawn, fits.count(False)), _legend()])


@dataclass
class _Room:
    """How many bytes are left."""

    left: float

    def takes(self, more: int, kept: float = 0.0) -> bool:
        """Whether there is room for so many and ``kept`` beside them; then they are taken."""
        if self.left - more < kept:
            return False
        self.left -= more
        return True


def _size(text: str) -> int:
    return len(text.encode())


def _whole(report: Report, parts: Sequence[Child]) -> str:
    script, style = _asset("report.js"), _asset("report.css")
    hashed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = _POLICY.format(hashed)
    runs = [[run.id, f"{run.started:%Y-%m-%d %H:%M}", (run.commit or "")[:10]] for run in report.runs]
    data = json.dumps(runs, separators=(",", ":")).replace("<", "\\u003c")
    content = [
        tag("a", "Skip to the content", href="#main", class_="skip"),
        tag("div", head(report), _nav(report), tag("main", *parts, id="main"), _foot(report), class_="wrap"),
        Html(f'<script type="application/json" id="runs">{data}</script>'),
        Html(f"<script>{script}</script>"),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n{tag("title", f"HIL report: run {report.now.run.id}")}\n'
        f"<style>{style}</style>\n</head>\n<body>\n{joined(content)}\n</body>\n</html>\n"
    )


@cache
def _asset(name: str) -> str:
    return files("hil.report").joinpath("assets", name).read_text(encoding="utf-8")


def _nav(report: Report) -> Html:
    names = {"why": "Why"} if report.result is not None else {}
    names |= {"matrix": "Matrix", "series": "Series", "images": "Images", "legend": "Legend"}
    return tag("nav", *(tag("a", name, href=f"#{link}") for link, name in names.items()), aria_label="Parts")


def _legend() -> Html:
    entries: list[Child] = []
    for mark, meaning in MEANINGS:
        entries += [tag("dt", badge(mark)), tag("dd", meaning)]
    ways: list[Child] = []
    for method, meaning in METHODS.items():
        ways += [tag("dt", tag("span", tag("i"), str(method), class_=f"way {method}")), tag("dd", meaning)]
    told = "Values of another method or technique, or that hold for other conditions, are never compared nor "
    told += "drawn in one line. A value's unit, method, technique, conditions and band stand with its image; "
    told += "in the matrix under the pointer."
    return tag(
        "section",
        tag("h2", "What words and marks mean", id="legend"),
        tag("h3", "Verdicts"),
        tag("dl", *entries, class_="facts"),
        tag("h3", "How a value was obtained"),
        tag("dl", *ways, class_="facts"),
        tag("p", told, class_="note"),
        class_="card",
    )


def _foot(report: Report) -> Html:
    version = report.now.versions.get("hil", "")
    return tag("footer", f"HIL lab {version} · one file, which asks for nothing from elsewhere")
