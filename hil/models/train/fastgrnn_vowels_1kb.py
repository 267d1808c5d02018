"""Train fastgrnn_vowels_1kb: the task of fastgrnn_vowels in at most 1,024 bytes of q7 weights and indices.

``python -m hil.models.train.fastgrnn_vowels_1kb`` rewrites the model's folder and vectors; on one machine a
second run gives the same bytes. Data and split are those of ``fastgrnn_vowels``. Sizes, shares and recipe
were chosen by cross-validation within the 270 training utterances; the test utterances had no say in them.

U1 is stored sparse. The other matrices are smaller dense: a sparse weight takes two bytes, and each row one
more per operand. All are seen rounded to 8 bits in the last epochs, and come out on that grid.
"""

from __future__ import annotations

from functools import partial

from hil.models.train.cell import Shape
from hil.models.train.fastgrnn_vowels import TASK, augment, cross_validate, prepare, write
from hil.models.train.loop import Recipe, train
from hil.models.train.sparsity import Pruning

SHAPE = Shape(features=12, hidden=20, outputs=9, rank_w=8, rank_u=12)
RECIPE = Recipe(seed=0, epochs=160, batch=32, rate=0.03, weight_decay=0.0, dropout=0.2, smoothing=0.1)
VARY = partial(augment, drift=0.3)  # more than the larger network's: it did better on the folds
SPARSITY = Pruning({"U1": 0.35}, start=0.3, fixed=0.65, rounded=0.8)


def main() -> None:
    """Validate the recipe, train, write."""
    data = prepare()
    cross_validate(data, SHAPE, RECIPE, VARY, SPARSITY)
    model = train(SHAPE, RECIPE, data.inputs, data.steps, data.classes, VARY, SPARSITY)
    write("fastgrnn_vowels_1kb", f"{TASK}, in 1 KB of weights", data, model)


if __name__ == "__main__":
    main()
