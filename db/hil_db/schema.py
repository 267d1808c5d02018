"""The tables. A change here needs a migration in ``migrations/versions``; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

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


class Base(DeclarativeBase):
    """All tables; constraints are named by one rule, so that a migration can name them too."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Run(Base):
    """One pytest invocation, with where it came from."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    started: Mapped[datetime] = mapped_column(UtcDateTime)
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))  # one of records.Status
    command: Mapped[str] = mapped_column(Text)
    host: Mapped[str] = mapped_column(String(255))
    pid: Mapped[int] = mapped_column(Integer)
    pid_birth: Mapped[str | None] = mapped_column(String(255))  # tells it from a later one of its number
    git_commit: Mapped[str | None] = mapped_column(String(64))
    git_dirty: Mapped[bool | None]
    lab_path: Mapped[str | None] = mapped_column(Text)
    lab_sha256: Mapped[str | None] = mapped_column(String(64))
    versions: Mapped[dict[str, str]] = mapped_column(JSON)
    uid: Mapped[str | None] = mapped_column(String(32), unique=True, index=True)  # the same in every database
    git_note: Mapped[str | None] = mapped_column(Text)  # what is not known of git_*, or is not in the commit

    sessions: Mapped[list[Session]] = relationship(back_populates="run", order_by="Session.id")


class Image(Base):
    """One firmware image, known by the hash of its ELF file."""

    __tablename__ = "image"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    kind: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(128))
    precision: Mapped[str] = mapped_column(String(8))
    build_id: Mapped[str] = mapped_column(String(32))
    source_sha256: Mapped[str] = mapped_column(String(64))
    toolchain: Mapped[str] = mapped_column(Text)
    sections: Mapped[dict[str, int]] = mapped_column(JSON)


class Session(Base):
    """One board running one image within a run."""

    __tablename__ = "session"
    __table_args__ = (Index(None, "run_id"), Index(None, "board"))

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    image_id: Mapped[int | None] = mapped_column(ForeignKey("image.id"))
    board: Mapped[str] = mapped_column(String(128))
    kind: Mapped[str] = mapped_column(String(64))
    model: Mapped[str] = mapped_column(String(128))
    precision: Mapped[str] = mapped_column(String(8))
    started: Mapped[datetime] = mapped_column(UtcDateTime)
    finished: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(16))  # one of records.Status, never running
    error: Mapped[str | None] = mapped_column(Text)
    vectors_sha256: Mapped[str | None] = mapped_column(String(64))
    versions: Mapped[dict[str, str]] = mapped_column(JSON)
    uid: Mapped[str | None] = mapped_column(String(32), unique=True, index=True)  # the same in every database

    run: Mapped[Run] = relationship(back_populates="sessions")
    image: Mapped[Image | None] = relationship()
    measures: Mapped[list[MeasureRow]] = relationship(order_by="MeasureRow.id")


class MeasureRow(Base):
    """One value of one session, with its unit, how it was obtained and what it holds for."""

    __tablename__ = "measure"
    __table_args__ = (
        UniqueConstraint("session_id", "metric", "method", "technique"),
        Index(None, "metric", "session_id"),
    )

    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    metric: Mapped[str] = mapped_column(String(64))
    value: Mapped[float]
    unit: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(16))
    technique: Mapped[str] = mapped_column(String(32))
    resolution: Mapped[float | None]
    low: Mapped[float | None]  # where the true value is expected; both or none
    high: Mapped[float | None]
    conditions: Mapped[dict[str, str | float]] = mapped_column(JSON, server_default="{}")


class SampleRow(Base):
    """The raw values behind a measure, one compressed blob per session and metric."""

    __tablename__ = "sample"
    __table_args__ = (UniqueConstraint("session_id", "metric", "method", "technique"),)

    id: Mapped[int] = mapped_column(_BIG, primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"))
    metric: Mapped[str] = mapped_column(String(64))
    unit: Mapped[str] = mapped_column(String(32))
    method: Mapped[str] = mapped_column(String(16))
    technique: Mapped[str] = mapped_column(String(32))
    dtype: Mapped[str] = mapped_column(String(8))
    count: Mapped[int] = mapped_column(Integer)
    codec: Mapped[str] = mapped_column(String(32))
    blob: Mapped[bytes] = mapped_column(LargeBinary)


class ProfileRow(Base):
    """Where one session's cycles went: the head of its paths and classes, which are sums over ``regions``."""

    __tablename__ = "profile"

    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), primary_key=True)
    technique: Mapped[str] = mapped_column(String(32))
    regions: Mapped[int] = mapped_column(BigInteger)

    paths: Mapped[list[ProfilePath]] = relationship(order_by="ProfilePath.place")
    classes: Mapped[list[ProfileClass]] = relationship(order_by="ProfileClass.place")


class ProfilePath(Base):
    """What was spent in the last function of one call path; ``path`` is joined by semicolons."""

    __tablename__ = "profile_path"

    session_id: Mapped[int] = mapped_column(ForeignKey("profile.session_id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)  # the order they were given in
    path: Mapped[str] = mapped_column(Text)
    calls: Mapped[int] = mapped_column(BigInteger)
    instructions: Mapped[int] = mapped_column(BigInteger)
    cycles: Mapped[int] = mapped_column(BigInteger)


class ProfileClass(Base):
    """What the instructions of one class cost a session."""

    __tablename__ = "profile_class"

    session_id: Mapped[int] = mapped_column(ForeignKey("profile.session_id"), primary_key=True)
    place: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    instructions: Mapped[int] = mapped_column(BigInteger)
    cycles: Mapped[int] = mapped_column(BigInteger)
