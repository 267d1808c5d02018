"""What trainers and converters write that is no folder of arrays: what it is, and the line that makes one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

_SAVE = "numpy.savez('weights.npz', **{})"
_TORCH = (
    "a PyTorch file",
    "import numpy, torch; m = torch.load('{path}', map_location='cpu', weights_only=True); "
    "m = m.get('state_dict', m.get('model_state_dict', m)); "
    + _SAVE.format("{{k: v.numpy() for k, v in m.items() if torch.is_tensor(v)}}"),
)
_KERAS = (
    "a Keras model",
    "import keras, numpy; "
    + _SAVE.format("{{w.path: w.numpy() for w in keras.models.load_model('{path}', compile=False).weights}}"),
)
_TENSORFLOW = (
    "a TensorFlow checkpoint",
    "import numpy, tensorflow as tf; r = tf.train.load_checkpoint('{stem}'); "
    + _SAVE.format("{{k: r.get_tensor(k) for k in r.get_variable_to_shape_map()}}"),
)
_PICKLE = (
    "a pickle, which is never opened here",
    "import numpy, pickle; "
    + _SAVE.format("{{k: numpy.asarray(v) for k, v in pickle.load(open('{path}', 'rb')).items()}}"),
)
_FILES = {
    **dict.fromkeys((".pt", ".pth", ".ckpt", ".bin"), _TORCH),
    **dict.fromkeys((".keras", ".h5", ".hdf5"), _KERAS),
    **dict.fromkeys((".index", ".meta"), _TENSORFLOW),
    **dict.fromkeys((".pkl", ".pickle", ".joblib"), _PICKLE),
    ".onnx": (
        "an ONNX graph",
        "import numpy, onnx, onnx.numpy_helper as h; "
        + _SAVE.format("{{t.name: h.to_array(t) for t in onnx.load('{path}').graph.initializer}}"),
    ),
    ".safetensors": (
        "a safetensors file",
        "import numpy; from safetensors.numpy import load_file; " + _SAVE.format("load_file('{path}')"),
    ),
    ".mat": (
        "a MATLAB file",
        "import numpy, scipy.io; "
        + _SAVE.format("{{k: v for k, v in scipy.io.loadmat('{path}').items() if k[0] != '_'}}"),
    ),
}
_SCALES = ("paramScaleFactor", "classifierScaleFactor", "scalarScaleFactor")
_BACKWARD = ("reverse", "backward", "bidirectional")
_OWN_FIRMWARE = "bring it as firmware of your own (docs/import.md), or train one cell that runs one way"


def file_advice(path: Path) -> tuple[str, str] | None:
    """What a file is by its name, and how to save its arrays; None when that is not known."""
    known = _FILES.get(path.suffix.lower())
    if path.suffix.lower() == ".tflite":
        return "a TensorFlow Lite model", "it is quantised: import the arrays of the model it was made from"
    if known is None or path.is_dir():
        return None
    what, line = known
    text = f'python -c "{line.format(path=path, stem=path.with_suffix(""))}", then import weights.npz'
    return what, f"{text} (of a whole module, save its state_dict() first)" if known is _TORCH else text


def quantised_advice(path: Path, names: Collection[str]) -> tuple[str, str] | None:
    """The same for the integers that EdgeML's quantizeFastModels.py writes into ``QuantizedModel``."""
    if _SCALES[0] not in names or not any(name[0] == "q" and name[1:2].isupper() for name in names):
        return None
    parent = path.resolve().parent
    if path.is_dir() and any(parent.glob("*.npy")):
        way = f"import {parent}, which holds the float arrays it was made from"
    else:
        way = "import the float arrays that it was made from, a folder above it"
    return "integers of EdgeML's quantizeFastModels.py: q15 and q7 are made here, from float", way


def network_advice(cells: Mapping[str, str]) -> tuple[str, str] | None:
    """What is not one cell: ``cells`` has the arrays' names that a cell has a use for, each with the path
    before it; None for one cell that runs one way."""
    paths = sorted(set(cells.values()))
    backward = [path for path in paths if any(word in path.lower() for word in _BACKWARD)]
    if backward:
        return f"it runs both ways: {backward[0]} is the way back", _OWN_FIRMWARE
    alike: dict[str, list[str]] = {}
    for path in paths:
        alike.setdefault(re.sub(r"\d+", "#", path), []).append(path)
    stacked = max(alike.values(), key=len, default=[])
    if len(stacked) > 1:
        return f"it stacks {len(stacked)} cells: {', '.join(stacked[:3])}", _OWN_FIRMWARE
    return None


def torch_advice(names: Collection[str]) -> tuple[str, str] | None:
    """The same for PyTorch's own recurrent layers."""
    layers = [name for name in names if "weight_ih_l" in name]
    if not layers:
        return None
    return f"{layers[0]} belongs to PyTorch's own RNN, GRU or LSTM", _OWN_FIRMWARE
