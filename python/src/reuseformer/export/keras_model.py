"""A .reuse.h5 as a functional .keras, loaded again by Keras and run against our own runtime before it is kept."""

from __future__ import annotations

import os
from typing import Dict, Optional

import numpy as np

from . import comparison
from .. import errors
from .graph import GraphExporter
from .reuse_file import ReuseFile


def to_keras(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *, force: bool = False,
             inputs: Optional[Dict[str, np.ndarray]] = None) -> float:
    """Writes a .reuse.h5 as ``.keras``, a functional model of Keras's own layers and operations; the largest difference
    between the file, as Keras loads it, and our own runtime.

    No class of ours is needed to load it, whatever Keras's backend. Both run ``inputs`` (or made-up ones of several
    lengths, padded) first: a difference above 1e-4 raises ``GateFailed`` and leaves no file. What has no form is
    refused with the node's name. Matrices of 8 and 4 bits whose inputs are not rounded are written in 32 bits."""
    try:
        import keras
    except ImportError as error:
        raise errors.UsageError("to_keras needs Keras 3 and one of its backends: pip install reuseformer[keras]") \
            from error
    if int(keras.__version__.split(".")[0]) < 3:
        raise errors.UsageError("to_keras needs Keras 3, this is Keras %s: pip install reuseformer[keras]" %
                                keras.__version__)
    from .keras_writer import KerasWriter

    if not os.fspath(output).endswith(".keras"):
        raise errors.UsageError("%s: Keras asks for a name that ends in .keras" % os.fspath(output))
    with comparison.kept_file(output, ".keras", force) as part:
        file = ReuseFile(model)
        writer = KerasWriter()
        GraphExporter(file, writer)
        writer.model().save(part)
        loaded = keras.saving.load_model(part, compile=False)
        return comparison.judged(file, writer.engine, lambda given: _run(loaded, given), inputs)


def _run(model, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """The model's outputs. It is called with names of its own inputs, which are those of the graph."""
    import keras

    found = model({tensor.name: np.asarray(inputs[tensor.name]) for tensor in model.inputs}, training=False)
    return {name: np.asarray(keras.ops.convert_to_numpy(value)) for name, value in found.items()}
