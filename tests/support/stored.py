"""The store's tables as mapped classes: tests read with them what the store wrote without."""

from __future__ import annotations

from sqlalchemy.orm import DeclarativeBase, Mapped, relationship

from hil_db import schema


class Base(DeclarativeBase):
    metadata = schema.METADATA


class Image(Base):
    __table__ = schema.IMAGE


class MeasureRow(Base):
    __table__ = schema.MEASURE


class SampleRow(Base):
    __table__ = schema.SAMPLE


class Session(Base):
    __table__ = schema.SESSION

    image: Mapped[Image | None] = relationship()
    run: Mapped[Run] = relationship(back_populates="sessions")
    measures: Mapped[list[MeasureRow]] = relationship(order_by=schema.MEASURE.c.id)


class Run(Base):
    __table__ = schema.RUN

    sessions: Mapped[list[Session]] = relationship(back_populates="run", order_by=schema.SESSION.c.id)
