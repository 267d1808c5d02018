"""The tables. A change here needs a migration in ``migrations/versions``; a test compares the two.

They are SQLAlchemy's plain tables: its mapped classes take a fifth of a second more to import and to set up.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

VERSION_TABLE = "hil_schema_version"

_BIG = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by itself only in an INTEGER


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC and given back with its zone; a moment without one is taken as UTC."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is None:
            return value
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


# Constraints are named by one rule, so that a migration can name them too.
METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_given = partial(Column, nullable=False)
_key = partial(Column, primary_key=True)

CASE_COLUMNS = ("board", "kind", "model", "precision")  # what sessions that are compared have in common
_CASE_LENGTHS = (128, 64, 128, 8)


def _case(column: Callable[..., Column[Any]] = _given) -> list[Column[Any]]:
    return [column(name, String(length)) for name, length in zip(CASE_COLUMNS, _CASE_LENGTHS, strict=True)]


# One pytest invocation, with where it came from.
RUN = Table(
    "run",
    METADATA,
    _key("id", Integer),
    _given("started", UtcDateTime),
    Column("finished", UtcDateTime),
    _given("status", String(16)),  # one of records.Status
    _given("command", Text),
    _given("host", String(255)),
    _given("pid", Integer),
    Column("pid_birth", String(255)),  # tells it from a later one of its number
    Column("git_commit", String(64)),
    Column("git_dirty", Boolean),
    Column("lab_path", Text),
    Column("lab_sha256", String(64)),
    _given("versions", JSON),  # texts by name
    Column("uid", String(32), unique=True, index=True),  # the same in every database
    Column("git_note", Text),  # what is not known of git_*, or is not in the commit
    Column("git_branch", Text),
    _given("git_tags", JSON, server_default="[]"),  # those of the commit when the run began
    Column("origin", Text),  # the database that it was imported from, None for one that began here
    Index(None, "git_commit"),
    Index(None, "git_branch", "started"),
    Index(None, "started"),
)

# One firmware image, known by the hash of its ELF file.
IMAGE = Table(
    "image",
    METADATA,
    _key("id", Integer),
    _given("sha256", String(64), unique=True),
    _given("kind", String(64)),
    _given("model", String(128)),
    _given("precision", String(8)),
    _given("build_id", String(32)),
    _given("source_sha256", String(64)),
    _given("toolchain", Text),
    _given("sections", JSON),  # bytes by name
    Column("symbols", LargeBinary),  # bytes by section and symbol: hil_db.symbols
)

# One board running one image within a run.
SESSION = Table(
    "session",
    METADATA,
    _key("id", Integer),
    _given("run_id", ForeignKey("run.id"), index=True),
    Column("image_id", ForeignKey("image.id")),
    *_case(),
    _given("started", UtcDateTime),
    _given("finished", UtcDateTime),
    _given("status", String(16)),  # one of records.Status, never running
    Column("error", Text),
    Column("vectors_sha256", String(64)),
    _given("versions", JSON),
    Column("uid", String(32), unique=True, index=True),  # the same in every database
    Column("probe", Text),  # the debug probe's id: tells a board of silicon from others of its name
    Column("inputs_sha256", String(64)),  # of the vectors without what the reference answers
    Index(None, *CASE_COLUMNS, "started"),
)

# One value of one session, with its unit, how it was obtained and what it holds for.
MEASURE = Table(
    "measure",
    METADATA,
    _key("id", _BIG),
    _given("session_id", ForeignKey("session.id")),
    _given("metric", String(64)),
    _given("value", Double),
    _given("unit", String(32)),
    _given("method", String(16)),
    _given("technique", String(64)),
    Column("resolution", Double),
    Column("low", Double),  # where the true value is expected; both or none
    Column("high", Double),
    _given("conditions", JSON, server_default="{}"),  # texts and numbers by name
    UniqueConstraint("session_id", "metric", "method", "technique"),
    Index(None, "metric", "session_id"),
)
# What readers are told of a measure: all that is stored of it but whose it is.
MEASURE_COLUMNS = tuple(column.name for column in MEASURE.columns if column.name not in ("id", "session_id"))

# The raw values behind a measure, one compressed blob per session and metric.
SAMPLE = Table(
    "sample",
    METADATA,
    _key("id", _BIG),
    _given("session_id", ForeignKey("session.id")),
    _given("metric", String(64)),
    _given("unit", String(32)),
    _given("method", String(16)),
    _given("technique", String(64)),
    _given("dtype", String(8)),
    _given("count", Integer),
    _given("codec", String(32)),
    _given("blob", LargeBinary),
    UniqueConstraint("session_id", "metric", "method", "technique"),
)

# Where one session's cycles went: the head of its paths and classes, which are sums over `regions`.
PROFILE = Table(
    "profile",
    METADATA,
    _key("session_id", ForeignKey("session.id")),
    _given("technique", String(32)),
    _given("regions", BigInteger),
    Column("function_classes", JSON(none_as_null=True)),  # [function, class, cycles] each
)

# What was spent in the last function of one call path; `path` is joined by semicolons.
PROFILE_PATH = Table(
    "profile_path",
    METADATA,
    _key("session_id", ForeignKey("profile.session_id")),
    _key("place", Integer),  # the order they were given in
    _given("path", Text),
    _given("calls", BigInteger),
    _given("instructions", BigInteger),
    _given("cycles", BigInteger),
)

# What the instructions of one class cost a session.
PROFILE_CLASS = Table(
    "profile_class",
    METADATA,
    _key("session_id", ForeignKey("profile.session_id")),
    _key("place", Integer),
    _given("name", String(64)),
    _given("instructions", BigInteger),
    _given("cycles", BigInteger),
)

# What a power probe saw, in a file beside the database: hil_db.shelf.
POWER_TRACE = Table(
    "power_trace",
    METADATA,
    _key("id", Integer),
    _given("sha256", String(64), unique=True),
    _given("driver", String(64)),
    _given("bytes", BigInteger),  # of the file
    _given("samples", BigInteger),
    _given("rate_hz", Double),
    _given("seconds", Double),
)

# One repeat of a session on the power probe; without a trace, why there is none.
POWER_PASS = Table(
    "power_pass",
    METADATA,
    _key("session_id", ForeignKey("session.id")),
    _key("number", Integer),
    Column("trace_id", ForeignKey("power_trace.id"), index=True),
    Column("untraced", Text),
    _given("samples", BigInteger),
    _given("rate_hz", Double),
    _given("supply_v", Double),
    _given("inferences", Integer),  # in a window
    Column("idle_begin", BigInteger),  # samples while the board waits; both or none
    Column("idle_end", BigInteger),
    Column("missing", Text),  # why there are no windows
    Column("way", Text),  # how they were placed, where no edges did
    Column("vector", Integer),  # that was repeated
)

# The samples of a pass between two edges, whether they count or not.
POWER_WINDOW = Table(
    "power_window",
    METADATA,
    _key("session_id", Integer),
    _key("pass_number", Integer),
    _key("number", Integer),
    _given("begin", BigInteger),
    _given("end", BigInteger),
    Column("energy_j", Double),  # of what was seen; none where a sample of it was not
    Column("invalid", Text),
    ForeignKeyConstraint(["session_id", "pass_number"], ["power_pass.session_id", "power_pass.number"]),
)

# What happened in a session, line by line: hil_db.logs.
SESSION_LOG = Table(
    "session_log",
    METADATA,
    _key("session_id", ForeignKey("session.id")),
    _given("lines", Integer),
    _given("blob", LargeBinary),
)

# A failure of the bench itself, and what was done about it: of one session, or of a run beside its sessions.
INCIDENT = Table(
    "incident",
    METADATA,
    _key("id", Integer),
    _given("uid", String(32), unique=True),
    _given("run_id", ForeignKey("run.id"), index=True),
    Column("session_id", ForeignKey("session.id"), index=True),
    _given("board", String(128)),
    _given("kind", String(64)),
    _given("action", Text),
    _given("time", UtcDateTime),
    Column("evidence", Text),
    Column("seconds", Double),
)

# What runs are compared with, by name: rows are only added, and the newest of a name counts. One that is of
# no run removes the name. The run is told by its uid, so that the history outlives runs that are pruned.
BASELINE = Table(
    "baseline",
    METADATA,
    _key("id", Integer),
    _given("uid", String(32), unique=True),
    _given("name", String(128), index=True),
    Column("run_uid", String(32)),
    _given("author", String(255)),
    _given("time", UtcDateTime),
    _given("reason", Text),
)

# What people decided of regressions: rows are only added, and the newest of a subject counts. The run that
# had the value is told by its uid, so that the history outlives runs that are pruned.
TRIAGE = Table(
    "triage",
    METADATA,
    _key("id", Integer),
    _given("uid", String(32), unique=True),
    *_case(),
    _given("metric", String(64)),
    _given("technique", String(64)),
    _given("decision", String(16)),  # one of triage.Decision
    _given("value", Double),
    _given("run_uid", String(32)),
    _given("author", String(255)),
    _given("address", String(64)),  # that it was decided from
    _given("time", UtcDateTime),
    _given("reason", Text),
    Column("until", UtcDateTime),
    Column("git_commit", String(64)),
)

# How far a run is that goes on, rewritten about once a second; it goes when the run ends, which may never get
# a row: that comes with the first session that it stores. Their uids are the same.
PROGRESS = Table(
    "progress",
    METADATA,
    _key("run_uid", String(32)),
    _given("host", String(255)),
    _given("pid", Integer),
    Column("pid_birth", String(255)),
    _given("command", Text),
    Column("git_commit", String(64)),
    Column("git_dirty", Boolean),
    _given("started", UtcDateTime),
    _given("updated", UtcDateTime),
    _given("plan", JSON),  # what is to run where: hil_db.progress
    _given("state", JSON),  # what of it runs, or has
)

# Derived from the rows above in the transaction that adds them (hil_db.newest), for what would otherwise have
# to read all measures: the newest session of each case, how many vectors one of them had at most, and whether
# a finished one has a profile.
NEWEST_SESSION = Table(
    "newest_session",
    METADATA,
    *_case(_key),
    _given("started", UtcDateTime),
    _given("session_id", ForeignKey("session.id")),
    _given("most_vectors", Double),
    _given("profiled", Boolean),
)

# Likewise the newest finished session that has a metric.
NEWEST_VALUE = Table(
    "newest_value",
    METADATA,
    *_case(_key),
    _key("metric", String(64)),
    _given("started", UtcDateTime),
    _given("session_id", ForeignKey("session.id")),
)

# What sessions have, each after those that it refers to.
OF_SESSIONS = (MEASURE, SAMPLE, PROFILE, PROFILE_PATH, PROFILE_CLASS, POWER_PASS, POWER_WINDOW, SESSION_LOG)
