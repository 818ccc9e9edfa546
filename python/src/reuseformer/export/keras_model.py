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
    lengths, padded) first: a difference above 1e-4 raises ``GateFailed`` and leaves no file. What has no form is refused
    with the node's name. Matrices of 8 and 4 bits whose inputs are not rounded are written in 32 bits."""
    try:
        import keras
    except ImportError as error:
        raise errors.UsageError("to_keras needs Keras 3 and one of its backends: pip install reuseformer[keras]") \
            from error
    from .keras_writer import KerasWriter

    if not os.fspath(output).endswith(".keras"):
        raise errors.UsageError("%s: Keras asks for a name that ends in .keras" % os.fspath(output))
    with comparison.kept_file(output, ".keras", force) as part:
        file = ReuseFile(model)
        writer = KerasWriter()
        GraphExporter(file, writer)
        writer.model().save(part)
        loaded = keras.saving.load_model(part, compile=False)
        largest = 0.0
        for given in [inputs] if inputs else comparison.made_up_inputs(file.graph):
            # Layers are called with Keras's own names, which are those of the graph.
            found = loaded({tensor.name: np.asarray(given[tensor.name]) for tensor in loaded.inputs}, training=False)
            found = {name: np.asarray(keras.ops.convert_to_numpy(value)) for name, value in found.items()}
            largest = max(largest, comparison.difference(file, writer.engine, found, given))
        comparison.gate(file, writer.engine, largest)
    return largest
