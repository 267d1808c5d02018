"""Each architecture is found by the name that it gives itself."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hil.models import architectures


@pytest.mark.parametrize("name", architectures.NAMES)
def test_each_is_known_by_its_own_name(name: str) -> None:
    assert architectures.load(name).name == name
    assert architectures.load(name) is architectures.load(name)


def test_only_what_a_model_needs_is_imported() -> None:
    program = (
        "import sys; from hil.models.catalog import models_dir; from hil.models.spec import ModelSpec\n"
        "ModelSpec.read(models_dir() / 'fastgrnn_digits')\n"
        "print('hil.models.rnn.architecture' in sys.modules, 'hil.models.convnet.export' in sys.modules)\n"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["True", "False"]
