"""A .reuse.h5 as an ONNX model of standard operators, run by ONNX Runtime against our own runtime before it is kept."""

from __future__ import annotations

import os
from typing import Dict, Optional

import numpy as np

from . import comparison
from .graph import GraphExporter
from .onnx_writer import OnnxWriter
from .reuse_file import ReuseFile


def to_onnx(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *, force: bool = False,
            inputs: Optional[Dict[str, np.ndarray]] = None) -> float:
    """Writes a .reuse.h5 as ONNX, opset 17 (21 with groups of scales); how far ONNX Runtime is from our own runtime.

    Both run ``inputs`` (or made-up ones of several lengths, padded) first: a difference above 1e-4 raises
    ``GateFailed`` and leaves no file. Models whose inputs are rounded while they run (int8, bfloat16) are compared
    relative to the outputs' size. What has no ONNX form is refused with the node's name. Batch and text length stay
    free."""
    with comparison.kept_file(output, ".onnx", force) as part:
        file = ReuseFile(model)
        writer = OnnxWriter()
        GraphExporter(file, writer)
        contents = writer.model().SerializeToString()
        largest = 0.0
        for given in [inputs] if inputs else comparison.made_up_inputs(file.graph):
            largest = max(largest, comparison.difference(file, writer.engine, _run(contents, given), given))
        comparison.gate(file, writer.engine, largest)
        with open(part, "wb") as target:
            target.write(contents)
    return largest


def _run(contents: bytes, inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(contents, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs)))
