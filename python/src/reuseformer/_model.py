"""What embedders, classifiers and generators share."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from types import TracebackType
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Type, TypeVar, Union

from . import errors
from ._worker import Worker

# NumPy is read while the first model's process starts, and by what follows: a tenth of a second less to wait.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    #: Rows of numbers, float32.
    Vectors = npt.NDArray[np.float32]

Path = Union[str, "os.PathLike[str]"]
_Self = TypeVar("_Self", bound="Model")

#: Texts of a chunk that is sent at once, and how many characters it may have together.
_CHUNK_TEXTS = 256
_CHUNK_CHARACTERS = 1 << 20


class Model:
    """What all models have: a process, made when it is first needed, that ends with the object."""

    _method = ""
    _kind = ""

    def __init__(self, path: Path, threads: Optional[int] = None, options: Sequence[str] = ()):
        if isinstance(options, str):
            raise errors.UsageError("options: a list of words is needed, such as [\"--ignore-config\", \"key\"]")
        self._worker = Worker(os.fspath(path), threads, options)
        try:
            description = self._worker.greeting["model"]
        except errors.FileProblem as error:
            if os.path.exists(path) or not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", os.fspath(path)):
                raise
            raise errors.FileProblem("%s; models of the Hugging Face Hub are not fetched: "
                                     "huggingface_hub.snapshot_download(%r) gives their folder" % (
                                         error, os.fspath(path))) from None
        if self._method not in description["methods"]:
            self.close()
            raise errors.UsageError("%s: the model is no %s (%s); it can: %s" % (
                path, self._kind, description["architecture"], ", ".join(description["methods"]) or "nothing of this"))
        for note in description["notes"]:
            warnings.warn("%s: %s" % (path, note), errors.ModelNote, stacklevel=outside())

    @property
    def description(self) -> Dict[str, Any]:
        """What the model is: architecture, labels, prompts, limits, notes."""
        return dict(self._worker.greeting["model"])

    def close(self) -> None:
        """Ends the process behind the model."""
        self._worker.close()

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.close()

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self._worker.model)

    def _rows(self, method: str, key: str, items: Sequence[Any], take: Callable[[Vectors], None],
              **options: Any) -> None:
        """Hands out the rows of texts or pairs, in order; says when some were longer than the model reads."""
        cut = 0
        # Closed at once when something is raised here: a traceback may keep the call open for ever.
        with contextlib.closing(self._worker.rows(method, key, _chunks(items), **options)) as parts:
            for rows, number in parts:
                take(rows)
                cut += number
        if cut:
            limit = options.get("maximumTokens") or self.description.get("maximumTokens")
            warnings.warn("%d of %d %s were longer than %s tokens; what follows was left out" % (
                cut, len(items), key, limit), errors.TextsCut, stacklevel=outside())


def outside() -> int:
    """How far up the caller's own code is, for warnings."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        level, frame = level + 1, frame.f_back
    return level


def texts_of(texts: Sequence[Any], name: str) -> List[str]:
    """Texts that can be sent, as a list of their own."""
    try:
        listed = list(texts)
    except TypeError:
        raise errors.UsageError("%s: a str or a list of them is needed, not %s" % (
            name, type(texts).__name__)) from None
    for index, text in enumerate(listed):
        check_text(text, "%s[%d]" % (name, index))
    return listed


def check_text(text: Any, name: str) -> None:
    if not isinstance(text, str):
        raise errors.UsageError("%s: a str is needed, not %s" % (name, type(text).__name__))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise errors.UsageError("%s: no text: %s" % (name, error)) from None


def _chunks(items: Sequence[Any]) -> List[List[Any]]:
    """Texts in chunks of bounded number and length, in order; no texts are one chunk of none."""
    chunks: List[List[Any]] = [[]]
    size = 0
    for item in items:
        length = len(item) if isinstance(item, str) else sum(map(len, item))
        if chunks[-1] and (len(chunks[-1]) == _CHUNK_TEXTS or size + length > _CHUNK_CHARACTERS):
            chunks.append([])
            size = 0
        chunks[-1].append(item)
        size += length
    return chunks
