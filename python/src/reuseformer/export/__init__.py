"""Converted models in the formats of other engines. Needs `pip install reuseformer[export]`.

    >>> from reuseformer.export import to_onnx
    >>> to_onnx("small.reuse.h5", "small.onnx")
"""

from .onnx_graph import to_onnx

__all__ = ["to_onnx"]
