"""What is wrong with what a user brought: collected, so that all of it is told at once."""

from __future__ import annotations

from pathlib import Path

from hil.errors import ModelError, VectorError, cut


class Problems:
    """A list of texts that ends in one error; nothing is raised while it is empty."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def add(self, text: str) -> None:
        """Note one more problem."""
        self.texts.append(text)

    def raise_model(self, path: Path, remedy: str) -> None:
        """ModelError with all problems of the weights at ``path``, if there are any."""
        if self.texts:
            raise ModelError(
                f"the weights in {path} cannot be used", evidence="; ".join(cut(self.texts)), remedy=remedy
            )

    def raise_vectors(self, path: Path, remedy: str) -> None:
        """VectorError with all problems of the vectors at ``path``, if there are any."""
        if self.texts:
            raise VectorError(
                f"the vectors in {path} cannot be used", evidence="; ".join(cut(self.texts, 3)), remedy=remedy
            )
