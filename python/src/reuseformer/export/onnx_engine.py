"""ONNX Runtime as an engine to compare with."""

from __future__ import annotations

from . import comparison


def onnx_engine(contents: bytes) -> comparison.Engine:
    """Runs a serialized model on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(contents, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, inputs)))
