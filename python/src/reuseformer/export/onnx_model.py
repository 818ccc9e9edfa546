"""A .reuse.h5 as an ONNX model of standard operators, run by ONNX Runtime against our own runtime before it is kept."""

from __future__ import annotations

import os
from typing import Dict, Optional

import numpy as np

from .. import errors
from . import comparison
from .graph import GraphExporter
from .reuse_file import ReuseFile


def to_onnx(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *, force: bool = False,
            inputs: Optional[Dict[str, np.ndarray]] = None) -> float:
    """Writes a .reuse.h5 as ONNX, opset 17 (19 with 8-bit floating point); how far ONNX Runtime is from our own
    runtime.

    Both run ``inputs`` (or made-up ones of several lengths, padded) first: a difference above 1e-4 raises
    ``GateFailed`` and leaves no file. Models that round inputs of products while they run (int8, bfloat16) are compared
    text by text, relative to the outputs' size. What has no ONNX form is refused with the node's name. Batch and text
    length stay free."""
    try:
        import onnxruntime  # noqa: F401

        from .onnx_writer import OnnxWriter
    except ImportError as error:
        raise errors.UsageError("to_onnx needs ONNX and ONNX Runtime: pip install reuseformer[export]") from error
    with comparison.kept_file(output, ".onnx", force) as part:
        file = ReuseFile(model)
        writer = OnnxWriter(_opset(file))
        GraphExporter(file, writer)
        contents = writer.model().SerializeToString()
        found = comparison.judged(file, writer.engine, _engine(contents), inputs)
        with open(part, "wb") as target:
            target.write(contents)
    return found


def _opset(file: ReuseFile) -> int:
    """The earliest that has what the file needs."""
    return 19 if "float8_e4m3" in file.roundings else 17


def _engine(contents: bytes) -> comparison.Engine:
    import onnxruntime

    session = onnxruntime.InferenceSession(contents, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))
