"""What a power probe measures now, in the browser: a page of its own, to this machine alone."""

from __future__ import annotations

import json
import logging
import threading
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from flask import Response
from waitress.server import create_server

from hil.errors import HilError, PowerProbeError
from hil.power.base import PowerProbe, PowerTrace, Watched
from hil.power.rolling import Rolling, Shown
from hil_dashboards.serving.guard import guard

HOST = "127.0.0.1"
_EVERY_MS = 300
_POLL_S = 0.1
_INPUTS = 8


class Watch:
    """Asks a probe for what came, in a thread of its own, until it is ended or the probe fails."""

    def __init__(self, probe: Watched, rolling: Rolling, supply_v: float) -> None:
        self._probe = probe
        self._rolling = rolling
        self._supply_v = supply_v
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="power watch", daemon=True)
        self.failed: PowerProbeError | None = None

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def told(self) -> dict[str, Any]:
        """What the page shows, in milliamperes."""
        with self._lock:
            shown = self._rolling.shown()
        return {
            "seconds": shown.seconds.round(6).tolist(),
            **{name: _milli(getattr(shown, name)) for name in ("low", "mean", "high")},
            "inputs": _inputs(shown),
            "text": self._text(shown),
            "failed": str(self.failed) if self.failed is not None else None,
        }

    def _text(self, shown: Shown) -> str:
        good = ~np.isnan(shown.mean)
        if not good.any():
            return "no samples yet"
        mean_a, span_s = float(shown.mean[good].mean()), float(shown.seconds[-1] - shown.seconds[0])
        text = (
            f"mean {mean_a * 1e3:.4g} mA, most {np.nanmax(shown.high) * 1e3:.4g} mA, "
            f"{mean_a * self._supply_v * 1e3:.4g} mW of the last {span_s:.1f} s"
        )
        wrong = int(shown.wrong.sum())
        return text + (
            f"; {shown.breaks:,} breaks, {wrong:,} samples do not count" if shown.breaks + wrong else ""
        )

    def _run(self) -> None:
        while not self._end.wait(_POLL_S):
            try:
                found = self._probe.watched()
            except PowerProbeError as error:
                self.failed = error
                return
            if found is not None:
                self._add(found)

    def _add(self, found: PowerTrace) -> None:
        with self._lock:
            self._rolling.add(found)


def _milli(amperes: npt.NDArray[np.float64]) -> list[float | None]:
    return [None if np.isnan(one) else float(f"{one * 1e3:.6g}") for one in amperes]


def _inputs(shown: Shown) -> dict[str, list[int]]:
    """The levels of inputs that were high at any time."""
    found = {str(bit): (shown.digital >> np.uint8(bit) & 1).tolist() for bit in range(_INPUTS)}
    return {name: levels for name, levels in found.items() if any(levels)}


def create_app(watch: Watch, title: str) -> Dash:
    """The page, whose plot is fetched a few times a second."""
    app = Dash("hil_dashboards.live", title=title, update_title="", serve_locally=True)
    app.layout = html.Main(
        [
            html.H1(title),
            html.P("no samples yet", id="told", role="status"),
            dcc.Graph(id="plot", responsive=True, config={"displaylogo": False}, style={"height": "75vh"}),
            dcc.Interval(id="tick", interval=_EVERY_MS),
        ]
    )
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("hil", "live"),
        Output("plot", "figure"),
        Output("told", "children"),
        Input("tick", "n_intervals"),
    )

    def samples() -> Response:
        return Response(
            json.dumps(watch.told()), mimetype="application/json", headers={"Cache-Control": "no-store"}
        )

    app.server.add_url_rule("/samples", view_func=samples)
    guard(app.server, HOST)
    return app


def watch_in_browser(probe: PowerProbe, supply_v: float, name: str, window_s: float, port: int) -> None:
    """Serve the page until Ctrl-C; ``probe`` is started already. HilError when the port cannot be had."""
    rolling = Rolling(probe.capabilities.rate_hz, window_s)
    if not isinstance(probe, Watched):
        raise PowerProbeError(
            f"the driver {probe.capabilities.name} does not show what it measures before it is done",
            remedy="record it: hil power record",
        )
    with Watch(probe, rolling, supply_v) as watch:
        app = create_app(watch, f"{name} at {supply_v:g} V")
        try:
            if not 0 <= port <= 65535:
                raise ValueError("ports are 0 to 65535")
            server = create_server(app.server, host=HOST, port=port, threads=4)
        except (OSError, ValueError) as error:
            raise HilError(
                f"the page cannot use port {port}",
                evidence=str(error),
                remedy="choose another with --http, or end the program that has it",
            ) from error
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a page asks for more than threads
        print(f"live: http://{HOST}:{server.effective_port} (Ctrl-C ends it)", flush=True)
        with suppress(KeyboardInterrupt):
            server.run()
