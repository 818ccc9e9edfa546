"""A .reuse.h5 as an ONNX model of standard operators, run by ONNX Runtime against our own runtime before it is kept."""

from __future__ import annotations

import os
from typing import Dict, Optional

import numpy as np

from .. import errors
from . import comparison
from .graph import GraphExporter
from .onnx_engine import onnx_engine
from .reuse_file import ReuseFile


def to_onnx(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *, force: bool = False,
            inputs: Optional[Dict[str, np.ndarray]] = None, exact: bool = False) -> float:
    """Writes a .reuse.h5 as ONNX, opset 17 (19 with 8-bit floating point); how far ONNX Runtime is from our own
    runtime.

    Both run ``inputs`` (or made-up ones of several lengths, padded) first: a difference above 1e-4 raises
    ``GateFailed`` and leaves no file. A model that rounds inputs of products while it runs (int8, bfloat16) is compared
    where both round alike, and must round every number to the same or, now and then, to its neighbour. What has no ONNX
    form is refused with the node's name. Batch and text length stay free.

    ``exact`` writes every sum in the order of our runtime, so that all bits are the same: the way to take a model that
    rounds to where its outputs must be those that were measured. It is several times as slow, and any difference at all
    raises ``GateFailed``."""
    try:
        import onnxruntime  # noqa: F401

        from .exact_graph import ExactExporter
        from .lesson import Lesson
        from .onnx_writer import OnnxWriter
    except ImportError as error:
        raise errors.UsageError("to_onnx needs ONNX and ONNX Runtime: pip install reuseformer[export]") from error
    with comparison.kept_file(output, ".onnx", force) as part:
        file = ReuseFile(model)
        writer = OnnxWriter(_opset(file))
        limit = None
        if exact:
            limit = 0 if ExactExporter(file, writer).has_all_bits else comparison.TOLERANCE
        else:
            GraphExporter(file, writer)
        contents = writer.model().SerializeToString()
        engine = onnx_engine(contents)
        lesson = None if exact or not file.rounds_inputs else Lesson.of(file, writer.opset)
        if lesson is not None:
            found = lesson.judged(engine, inputs)
        else:
            found = comparison.judged(file, writer.engine, engine, inputs, limit)
        with open(part, "wb") as target:
            target.write(contents)
    return found


def _opset(file: ReuseFile) -> int:
    """The earliest that has what the file needs."""
    return 19 if "float8_e4m3" in file.roundings else 17
