"""Converted models in the formats of other engines. Needs `pip install reuseformer[export]`, and the engine that is to
run the result: `reuseformer[keras]`, `reuseformer[transformers]`, `reuseformer[model-garden]`.

    >>> from reuseformer.export import to_onnx, to_keras, to_safetensors
    >>> to_onnx("small.reuse.h5", "small.onnx")
    >>> to_keras("small.reuse.h5", "small.keras")
    >>> to_safetensors("small.reuse.h5", "small/", source="bert/")
"""

from .garden import to_model_garden
from .keras_model import to_keras
from .onnx_model import to_onnx
from .safetensors_folder import to_safetensors

__all__ = ["to_keras", "to_model_garden", "to_onnx", "to_safetensors"]
