"""Embeddings of texts."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Dict, List, Literal, Optional, Sequence, Union, overload

from . import errors
from ._model import Model, Path, check_text, outside, texts_of

if TYPE_CHECKING:
    import numpy.typing as npt

    from ._model import Vectors


class Embedder(Model):
    """Embeddings of texts, with the methods that users of sentence-transformers know.

        >>> from reuseformer import Embedder
        >>> model = Embedder("all-MiniLM-L6-v2.reuse.h5")
        >>> vectors = model.encode(["first text", "second text"])
        >>> model.similarity(vectors, vectors)

    ``path`` is a folder with weights, a weights file or a ``.reuse.h5``; ``threads`` limits the cores that are used
    (results do not depend on it); ``options`` go to the command as they are (``["--ignore-config", "key"]``).
    Pooling, normalisation, prompts and the longest text are as the model's files say."""

    _method = "embed"
    _kind = "embedder"

    def __init__(self, path: Path, threads: Optional[int] = None, options: Sequence[str] = (), *,
                 pooling: Optional[str] = None, truncate_dim: Optional[int] = None,
                 max_seq_length: Optional[int] = None, device: Any = None):
        _check_device(device)
        super().__init__(path, threads, options)
        self.pooling = pooling
        self.truncate_dim = truncate_dim
        self._limit = max_seq_length

    @property
    def prompts(self) -> Dict[str, str]:
        """Texts that may stand before a text, by name; ``query`` and ``document`` are empty where no file says them."""
        return {"query": "", "document": "", **self.description["prompts"]}

    @property
    def default_prompt_name(self) -> Optional[str]:
        """The prompt that stands before texts when none is asked for."""
        return self.description.get("defaultPrompt")

    @property
    def max_seq_length(self) -> Optional[int]:
        """Longest text in tokens, special tokens included; longer ones are cut."""
        return self._limit if self._limit is not None else self.description.get("maximumTokens")

    @max_seq_length.setter
    def max_seq_length(self, value: Optional[int]) -> None:
        self._limit = value

    @property
    def similarity_fn_name(self) -> str:
        """``cosine``, ``dot``, ``euclidean`` or ``manhattan``, as the model's files say."""
        return self.description.get("similarity") or "cosine"

    @property
    def device(self) -> str:
        """Always ``cpu``."""
        return "cpu"

    def get_embedding_dimension(self) -> int:
        """Numbers of a vector."""
        width = int(self.description["width"])
        return width if self.truncate_dim is None else min(width, self.truncate_dim)

    def get_sentence_embedding_dimension(self) -> int:
        """The same by its older name."""
        return self.get_embedding_dimension()

    @overload
    def encode(self, sentences: Union[str, Sequence[str]], prompt_name: Optional[str] = ...,
               prompt: Optional[str] = ..., batch_size: int = ..., show_progress_bar: Optional[bool] = ...,
               output_value: str = ..., precision: str = ..., convert_to_numpy: Literal[True] = ...,
               convert_to_tensor: bool = ..., device: Any = ..., normalize_embeddings: bool = ...,
               truncate_dim: Optional[int] = ...) -> Vectors: ...

    @overload
    def encode(self, sentences: Union[str, Sequence[str]], prompt_name: Optional[str] = ...,
               prompt: Optional[str] = ..., batch_size: int = ..., show_progress_bar: Optional[bool] = ...,
               output_value: str = ..., precision: str = ..., convert_to_numpy: bool = ...,
               convert_to_tensor: bool = ..., device: Any = ..., normalize_embeddings: bool = ...,
               truncate_dim: Optional[int] = ...) -> Union[Vectors, List[Vectors]]: ...

    def encode(self, sentences: Union[str, Sequence[str]], prompt_name: Optional[str] = None,
               prompt: Optional[str] = None, batch_size: int = 32, show_progress_bar: Optional[bool] = None,
               output_value: str = "sentence_embedding", precision: str = "float32", convert_to_numpy: bool = True,
               convert_to_tensor: bool = False, device: Any = None, normalize_embeddings: bool = False,
               truncate_dim: Optional[int] = None) -> Union[Vectors, List[Vectors]]:
        """Vectors of texts, float32 ``[texts, width]``; of a single text ``[width]``.

        ``prompt`` stands before each text, ``prompt_name`` names one of ``prompts``; without either the model's default
        prompt does, where it has one. ``normalize_embeddings`` divides each vector by its length; models whose own
        files say so do it in any case. ``truncate_dim`` keeps the first numbers of each vector.

        ``batch_size`` and ``device`` are accepted for the sake of callers: texts of any length go through together
        without padding, and a vector does not depend on the texts beside it, to the bit."""
        if output_value != "sentence_embedding":
            raise errors.UsageError("output_value: only \"sentence_embedding\" is made, not %r" % (output_value,))
        if precision != "float32":
            raise errors.UsageError("precision: only \"float32\" is made, not %r" % (precision,))
        if convert_to_tensor:
            raise errors.UsageError(
                "convert_to_tensor: vectors are NumPy arrays; torch.from_numpy makes tensors of them")
        _check_device(device)
        if batch_size < 1:
            raise errors.UsageError("batch_size: must be positive, not %r" % (batch_size,))
        isSingle = isinstance(sentences, str)
        texts = texts_of([sentences] if isSingle else sentences, "sentences")
        prompt = self._prompt(prompt, prompt_name)
        width = int(self.description["width"])
        length = truncate_dim if truncate_dim is not None else self.truncate_dim
        if length is not None and length < 1:
            raise errors.UsageError("truncate_dim: must be positive, not %r" % (length,))
        import numpy as np

        # What is cut is divided by its length after it was cut.
        kept = width if length is None else min(length, width)
        isCut = kept < width
        vectors = np.empty((len(texts), kept), dtype=np.float32)
        filled = 0
        with _Bar(len(texts), show_progress_bar) as bar:

            def take(rows: Vectors) -> None:
                nonlocal filled
                vectors[filled:filled + len(rows)] = rows[:, :kept]
                filled += len(rows)
                bar.advance(filled)

            self._rows("embed", "texts", texts, take, pooling=self.pooling, maximumTokens=self._limit, prompt=prompt,
                       normalize=True if normalize_embeddings and not isCut else None)
        if normalize_embeddings and isCut:
            vectors = _unit(vectors)
        if isSingle:
            only: Vectors = vectors[0]
            return only
        return vectors if convert_to_numpy else list(vectors)

    def _prompt(self, prompt: Optional[str], name: Optional[str]) -> Optional[str]:
        """What the process takes for a prompt: one of the model's names, or a text that is none of them."""
        known: Dict[str, str] = self.description["prompts"]
        if prompt is not None:
            check_text(prompt, "prompt")
            if known.get(prompt, prompt) != prompt:
                raise errors.UsageError("prompt: %r is the name of one of the model's prompts: give prompt_name=%r" % (
                    prompt, prompt))
            return prompt
        if name is None or name in known:
            return name
        if name not in self.prompts:
            raise errors.UsageError("prompt_name: the model has no prompt %r; it has %s" % (
                name, ", ".join(map(repr, sorted(self.prompts)))))
        return self.prompts[name]

    def encode_query(self, sentences: Union[str, Sequence[str]], **options: Any) -> Vectors:
        """``encode`` with the prompt named ``query``, which is empty where the model's files say none."""
        return self._encode_as(sentences, "query", options)

    def encode_document(self, sentences: Union[str, Sequence[str]], **options: Any) -> Vectors:
        """``encode`` with the prompt named ``document``, which is empty where the model's files say none."""
        known = self.description["prompts"]
        other = next((name for name in ("passage", "corpus") if known.get(name)), None)
        if other and "document" not in known and not {"prompt", "prompt_name"} & set(options):
            warnings.warn("the model has a prompt named %r and none named 'document': as in sentence-transformers no "
                          "prompt stands before documents; encode(texts, prompt_name=%r) takes that one" % (
                              other, other), errors.ModelNote, stacklevel=outside())
        return self._encode_as(sentences, "document", options)

    def _encode_as(self, sentences: Union[str, Sequence[str]], name: str, options: Dict[str, Any]) -> Vectors:
        if options.get("prompt_name") is None and options.get("prompt") is None:
            options["prompt_name"] = name
        vectors: Vectors = self.encode(sentences, **options)
        return vectors

    def similarity(self, first: npt.ArrayLike, second: npt.ArrayLike) -> Vectors:
        """How alike vectors are, ``[first, second]``; larger is more alike."""
        import numpy as np

        a, b = np.atleast_2d(np.asarray(first)), np.atleast_2d(np.asarray(second))
        name = self.similarity_fn_name
        scores: Vectors
        if name == "dot":
            scores = a @ b.T
        elif name == "cosine":
            scores = _unit(a) @ _unit(b).T
        elif name == "euclidean":
            scores = -np.stack([np.linalg.norm(row - b, axis=1) for row in a])
        elif name == "manhattan":
            scores = -np.stack([np.abs(row - b).sum(axis=1) for row in a])
        else:
            raise errors.Unsupported("similarity_fn_name: %r is not known" % name)
        return scores


    def similarity_pairwise(self, first: npt.ArrayLike, second: npt.ArrayLike) -> Vectors:
        """How alike each vector of the first is to the one at its place in the second."""
        import numpy as np

        a, b = np.atleast_2d(np.asarray(first)), np.atleast_2d(np.asarray(second))
        name = self.similarity_fn_name
        scores: Vectors
        if name == "dot":
            scores = (a * b).sum(axis=1)
        elif name == "cosine":
            scores = (_unit(a) * _unit(b)).sum(axis=1)
        elif name == "euclidean":
            scores = -np.linalg.norm(a - b, axis=1)
        elif name == "manhattan":
            scores = -np.abs(a - b).sum(axis=1)
        else:
            raise errors.Unsupported("similarity_fn_name: %r is not known" % name)
        return scores


def _unit(vectors: Vectors) -> Vectors:
    """Vectors divided by their lengths."""
    import numpy as np

    unit: Vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _check_device(device: Any) -> None:
    if device is not None and str(device) != "cpu":
        raise errors.UsageError("device: models run on the CPU, not on %r" % (device,))


class _Bar:
    """A line that says how far a long call is."""

    def __init__(self, total: int, isWanted: Optional[bool]):
        self._total = total
        self._isShown = bool(isWanted) and total > 0

    def __enter__(self) -> "_Bar":
        return self

    def advance(self, done: int) -> None:
        if self._isShown:
            print("\r%d of %d texts" % (done, self._total), end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._isShown:
            print(file=sys.stderr)
