"""`hil power live`: what a power probe measures now, in the browser."""

from __future__ import annotations

import argparse

from hil.errors import HilError

HELP = "show in the browser what a power probe measures now"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Which probe, at how many volts, and how much of it."""
    from hil.power import choosing

    choosing.arguments(parser)
    parser.add_argument("--volts", type=float, required=True, metavar="V", help="the board's supply")
    parser.add_argument(
        "--window", type=choosing.seconds, default=10.0, metavar="S", help="seconds shown; default: 10"
    )
    parser.add_argument("--http", type=int, default=8060, metavar="PORT", help="of the page; default: 8060")


def run(options: argparse.Namespace) -> int:
    """Serve until it is ended; HilError without the extra that brings the page."""
    from hil.power.choosing import chosen
    from hil.power.drivers import opened

    try:
        from hil_dashboards.live import watch_in_browser
    except ModuleNotFoundError as error:
        raise HilError(
            "the dashboard is not installed",
            evidence=f"no module {error.name}",
            remedy="pip install 'hil-lab[dashboard]'",
        ) from error
    if not options.window > 0:
        raise HilError("--window is above 0")
    name, spec = chosen(options)
    with opened(name, spec) as probe:
        probe.supply(options.volts)
        probe.power(True)
        probe.start()
        watch_in_browser(
            probe, options.volts, f"{name} {spec.port or ''}".strip(), options.window, options.http
        )
    return 0
