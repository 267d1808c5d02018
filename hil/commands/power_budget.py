"""`hil power budget`: how long a battery lasts."""

from __future__ import annotations

import argparse

HELP = "how long a battery lasts, from energy per inference, idle current and inferences an hour"
FAILED = 2  # 1: one of the images cannot infer so often


def arguments(parser: argparse.ArgumentParser) -> None:
    """How often, from which battery, and by which figures."""
    parser.add_argument("--per-hour", type=float, required=True, metavar="N", help="inferences an hour")
    battery = parser.add_argument_group("the battery")
    battery.add_argument("--capacity-mah", type=float, required=True, metavar="MAH", help="as it is sold")
    battery.add_argument("--battery-v", type=float, required=True, metavar="V", help="its nominal voltage")
    battery.add_argument(
        "--usable", type=float, metavar="PERCENT", help="of its capacity, before its voltage is too low"
    )
    battery.add_argument(
        "--self-discharge", type=float, metavar="PERCENT", help="what it loses by itself in a year"
    )
    battery.add_argument(
        "--efficiency", type=float, metavar="PERCENT", help="of the regulator between it and the board"
    )
    board = parser.add_argument_group("the board, where other figures than stored ones are to be taken")
    board.add_argument("--energy-uj", type=float, metavar="UJ", help="of one inference, gross")
    board.add_argument("--inference-ms", type=float, metavar="MS", help="how long it takes")
    board.add_argument("--idle-ma", type=float, metavar="MA", help="between inferences: of deep sleep, say")
    board.add_argument("--supply-v", type=float, metavar="V", help="the board's supply")
    stored = parser.add_argument_group("stored figures")
    stored.add_argument(
        "--run", metavar="REF", help="as `hil check` takes it; default: the newest that has energy"
    )
    stored.add_argument("--board", metavar="NAME", help="default: all that have energy")
    stored.add_argument("--model", metavar="MODEL[/PRECISION]", help="likewise")
    stored.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")


def run(options: argparse.Namespace) -> int:
    """Print it; 1 when an image cannot infer so often."""
    from hil.commands.reports.power_budget import battery_of, budgets, json_text, text_lines

    found = budgets(options, battery_of(options))
    print(json_text(found) if options.format == "json" else "\n".join(text_lines(found)))
    return 0 if all(one.possible for one in found.rows) else 1
