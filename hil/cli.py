"""The command `hil`: build images, export results, show the dashboard, list what is attached."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from hil import cli_model, cli_models, cli_time
from hil.cli_model import precisions_of
from hil.cli_streams import OutputError, standard_streams
from hil.errors import HilError, ModelError, refusal
from hil.kinds import KINDS
from hil.masking import masked
from hil.text.progress import steps

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 when something was found wrong, 2 for unusable arguments.

    Output that cannot be written is 1 and a line; but where its reader has gone (`hil export | head`) the
    command ends silently with 0. Ctrl-C is 130.
    """
    with standard_streams():
        try:
            code = _run(arguments)
            sys.stdout.flush()  # what waits in a buffer would fail later, where nobody can say so
        except OutputError as error:
            return 0 if error.reader_gone else _refused(str(error))
        except HilError as error:
            return _refused(str(error))
        except OSError as error:
            return _refused(refusal(error))
        except KeyboardInterrupt:
            return 130
        return code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as ended:  # argparse has said why
        return int(ended.code or 0)
    code: int = options.command(options) or 0
    return code


def _refused(why: str) -> int:
    with suppress(OutputError):
        sys.stdout.flush()  # what was found before comes first
    print(f"hil: {why}", file=sys.stderr)
    return 1


class _Parser(argparse.ArgumentParser):
    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """As argparse does, but an error in writing is one."""
        print(self.format_help(), end="", file=file)

    def error(self, message: str) -> NoReturn:
        """As argparse does, but what it quotes may be a database's URL in the wrong place."""
        super().error(masked(message))


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from hil.provenance import version_line

        print(version_line())
        parser.exit()


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hil",
        description="Hardware-in-the-loop lab for TinyML. `pytest --board=all` runs the bench.",
        epilog="Exit code: 0; 1 when something was found wrong or cannot be done; 2 for unusable arguments.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the lab's version and its tools'")
    parser.set_defaults(command=lambda _: parser.print_help())
    commands = parser.add_subparsers(metavar="COMMAND")
    _add_build(commands)
    _add_results(commands)
    probes = commands.add_parser(
        "probes", help="list attached debug probes and how to add them to a lab file"
    )
    probes.set_defaults(command=_probes)
    cli_models.add_parser(commands)
    cli_model.add_parser(commands)
    cli_time.add_parser(commands)
    bench = commands.add_parser("bench", help="what the kernels cost")
    bench.set_defaults(command=lambda _: bench.print_help())
    benches = bench.add_subparsers(metavar="WHAT")
    kernels = benches.add_parser(
        "kernels", help="instructions on the papers' dimensions, beside the public reference's"
    )
    kernels.set_defaults(command=_bench_kernels)
    return parser


def _add_build(commands: Any) -> None:
    build = commands.add_parser("build", help="build the firmware images, or check the committed ones")
    build.add_argument("models", nargs="*", metavar="MODEL", help="default: all")
    build.add_argument("--kind", choices=sorted(KINDS), default="qemu_mps2_an386", help="for which boards")
    build.add_argument("--precision", metavar="P[,P]", help="f32, q15, q7 (default: all)")
    build.add_argument("--models-dir", type=Path, metavar="DIR", help="models of your own: build only those")
    build.add_argument("--check", action="store_true", help="prove that the images are what the sources give")
    build.add_argument(
        "--require-bytes", action="store_true", help="with --check: no other compiler than the images'"
    )
    build.add_argument(
        "--accept-sizes", action="store_true", help="let images be larger than firmware/sizes.toml"
    )
    build.set_defaults(command=_build)


def _add_results(commands: Any) -> None:
    export = commands.add_parser("export", help="print stored measures, one row each, or stored profiles")
    export.add_argument("--run", default="latest", metavar="latest|all|ID")
    export.add_argument("--format", choices=("csv", "json"), help="default: csv")
    export.add_argument(
        "--profile",
        choices=("functions", "folded", "classes"),
        help="where the cycles went: by function, as folded stacks for a flame graph, by instruction class",
    )
    export.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    export.set_defaults(command=_export)

    store = commands.add_parser("store", help="store later what a run has kept in a file")
    store.add_argument("files", nargs="+", type=Path, metavar="FILE", help="storing it twice adds nothing")
    store.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    store.set_defaults(command=_store)

    dashboard = commands.add_parser("dashboard", help="show the results in the browser")
    dashboard.add_argument("--db", metavar="URL", help="default: SQLite in the user's data folder")
    dashboard.add_argument("--host", default="127.0.0.1", help="default: this machine only")
    dashboard.add_argument("--port", type=int, default=8050)
    dashboard.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME", help="a name that browsers know it by"
    )
    dashboard.set_defaults(command=_dashboard)


# Each command imports what it needs itself: pyOCD, pandas and Dash are slow to import.


def _build(options: argparse.Namespace) -> int:
    from hil.build.prebuilt import build
    from hil.build.sizes import settle
    from hil.cli_check import check_images
    from hil.models.catalog import ModelLibrary

    if options.check:
        if options.precision or options.accept_sizes or options.models_dir:
            raise ModelError("--check looks at all images of a model", remedy="leave the other options out")
        return check_images(options.kind, options.models, require_bytes=options.require_bytes)
    if options.require_bytes:
        raise ModelError("--require-bytes says how --check is done", remedy="give both")
    precisions = precisions_of(options.precision)
    library = ModelLibrary(options.models_dir)
    warnings: list[str] = []
    with steps(sys.stderr, "built") as progress:
        images = build(
            options.kind, options.models, precisions, None, None, library, progress, warnings.append
        )
    for line in warnings:
        print(f"hil: {line}", file=sys.stderr)
    for image in images:
        manifest = image.manifest
        sizes = ", ".join(f"{name} {size:,}" for name, size in manifest.sections.items() if size)
        print(f"{image.name}: {sizes} B, sha256 {manifest.sha256[:12]}…")
    if options.models_dir:
        return 0
    complete = not options.models and not precisions
    for grown in settle(options.kind, images, accept=options.accept_sizes, complete=complete):
        print(f"hil: {grown}; `hil build --accept-sizes` announces it", file=sys.stderr)
    return 0


def _export(options: argparse.Namespace) -> int:
    from hil_db.export import export
    from hil_db.export_profile import export_profile

    if options.profile == "folded" and options.format is not None:
        raise HilError("folded stacks have a form of their own", remedy="leave --format out")
    form = options.format or "csv"
    if options.profile is None:
        export(options.db, options.run, form, sys.stdout)
    else:
        export_profile(options.db, options.run, options.profile, form, sys.stdout)
    return 0


def _store(options: argparse.Namespace) -> int:
    from hil_db.kept import store_file

    for file in options.files:
        for line in store_file(file, options.db):
            print(line)
    return 0


def _dashboard(options: argparse.Namespace) -> int:
    try:
        from hil_dashboards.serve import serve
    except ModuleNotFoundError as error:
        raise HilError(
            "the dashboard is not installed",
            evidence=f"no module {error.name}",
            remedy="pip install 'hil-lab[dashboard]'",
        ) from error

    serve(options.db, options.host, options.port, options.allow_host)
    return 0


def _probes(_: argparse.Namespace) -> int:
    from hil.bench.probes import unlisted_probes
    from hil.flash.process import ProbeProcess

    with ProbeProcess() as process:
        print("\n".join(unlisted_probes(process.attached)) or "no debug probe is attached")
    return 0


def _bench_kernels(_: argparse.Namespace) -> int:
    from hil.bench.kernels import count, table_lines

    with steps(sys.stderr, "counting") as progress:
        rows = list(count(progress))
    print("\n".join(table_lines(rows)))
    return 0
