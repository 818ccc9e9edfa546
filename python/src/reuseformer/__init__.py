"""Transformers whose layers share attention maps: embeddings, classes, texts, conversion, verification.

    >>> import reuseformer
    >>> reuseformer.convert("bert/", "small.reuse.h5", calibration="texts.txt", budget="1/3")
    >>> model = reuseformer.Embedder("small.reuse.h5")
    >>> model.encode(["first text", "second text"]).shape
    (2, 384)
"""

from ._version import VERSION as __version__
from .conversion import Report, convert, verify
from .embedder import Embedder
from .errors import (CorruptFile, Defect, FileProblem, GateFailed, Interrupted, ModelNote, ReuseformerError, TextsCut,
                     Unsupported, UsageError, WorkerDied)
from .models import Classifier, Generator

__all__ = [
    "Classifier", "CorruptFile", "Defect", "Embedder", "FileProblem", "GateFailed", "Generator", "Interrupted",
    "ModelNote", "Report", "ReuseformerError", "TextsCut", "Unsupported", "UsageError", "WorkerDied", "__version__",
    "convert", "verify",
]
