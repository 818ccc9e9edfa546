"""Converted models in the formats of other engines. Needs `pip install reuseformer[export]`, for Keras also
`reuseformer[keras]`.

    >>> from reuseformer.export import to_onnx, to_keras
    >>> to_onnx("small.reuse.h5", "small.onnx")
    >>> to_keras("small.reuse.h5", "small.keras")
"""

from .keras_model import to_keras
from .onnx_model import to_onnx

__all__ = ["to_keras", "to_onnx"]
