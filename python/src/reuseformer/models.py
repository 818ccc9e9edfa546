"""Models that are asked from Python: embedders, classifiers, generators."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from types import TracebackType
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterator, List, Literal, Optional, Sequence, Tuple, Type,
                    TypeVar, Union, overload)

from . import errors
from ._worker import Worker

# NumPy is read while the first model's process starts, and by what follows: a tenth of a second less to wait.
if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    #: Rows of numbers, float32.
    Vectors = npt.NDArray[np.float32]

Path = Union[str, "os.PathLike[str]"]
_Self = TypeVar("_Self", bound="_Model")

#: Texts of a chunk that is sent at once, and how many characters it may have together.
_CHUNK_TEXTS = 256
_CHUNK_CHARACTERS = 1 << 20


class _Model:
    """What all models have: a process, made when it is first needed, that ends with the object."""

    _method = ""
    _kind = ""

    def __init__(self, path: Path, threads: Optional[int] = None, options: Sequence[str] = ()):
        if isinstance(options, str):
            raise errors.UsageError("options: a list of words is needed, such as [\"--ignore-config\", \"key\"]")
        self._worker = Worker(os.fspath(path), threads, options)
        description = self._worker.greeting["model"]
        if self._method not in description["methods"]:
            self.close()
            raise errors.UsageError("%s: the model is no %s (%s); it can: %s" % (
                path, self._kind, description["architecture"], ", ".join(description["methods"]) or "nothing of this"))
        for note in description["notes"]:
            warnings.warn("%s: %s" % (path, note), errors.ModelNote, stacklevel=_outside())

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
                cut, len(items), key, limit), errors.TextsCut, stacklevel=_outside())


def _outside() -> int:
    """How far up the caller's own code is, for warnings."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__package__") == __package__:
        level, frame = level + 1, frame.f_back
    return level


def _texts(texts: Sequence[Any], name: str) -> List[str]:
    """Texts that can be sent, as a list of their own."""
    try:
        listed = list(texts)
    except TypeError:
        raise errors.UsageError("%s: a str or a list of them is needed, not %s" % (
            name, type(texts).__name__)) from None
    for index, text in enumerate(listed):
        _check_text(text, "%s[%d]" % (name, index))
    return listed


def _check_text(text: Any, name: str) -> None:
    if not isinstance(text, str):
        raise errors.UsageError("%s: a str is needed, not %s" % (name, type(text).__name__))
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise errors.UsageError("%s: no text: %s" % (name, error)) from None


class Embedder(_Model):
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
                 max_seq_length: Optional[int] = None):
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
        if device is not None and str(device) != "cpu":
            raise errors.UsageError("device: models run on the CPU, not on %r" % (device,))
        if batch_size < 1:
            raise errors.UsageError("batch_size: must be positive, not %r" % (batch_size,))
        isSingle = isinstance(sentences, str)
        texts = _texts([sentences] if isSingle else sentences, "sentences")
        if prompt is not None:
            _check_text(prompt, "prompt")
        elif prompt_name is not None:
            prompt = self._prompt(prompt_name)
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

    def _prompt(self, name: str) -> str:
        known = self.prompts
        if name not in known:
            raise errors.UsageError("prompt_name: the model has no prompt %r; it has %s" % (
                name, ", ".join(map(repr, sorted(known))) or "none"))
        return known[name]

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
                              other, other), errors.ModelNote, stacklevel=_outside())
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


class Classifier(_Model):
    """Scores of texts, or of pairs of texts.

        >>> model = Classifier("sentiment.reuse.h5")
        >>> model.classify(["I loved it", "never again"])
        [('positive', 0.98), ('negative', 0.97)]"""

    _method = "classify"
    _kind = "classifier"

    @property
    def labels(self) -> List[str]:
        """Names of the scores, in their order; empty where the model's files name none."""
        return list(self.description["labels"])

    def scores(self, texts: Union[str, Sequence[str]]) -> Vectors:
        """Scores before softmax, float32 ``[texts, labels]``; of a single text ``[labels]``."""
        isSingle = isinstance(texts, str)
        rows = self._all("classify", "texts", _texts([texts] if isSingle else texts, "texts"))
        return self._first(rows) if isSingle else rows

    def predict(self, pairs: Sequence[Any]) -> Vectors:
        """Scores of pairs as ``CrossEncoder.predict`` gives them: ``[pairs]``, or ``[pairs, labels]`` for several.

        A single pair of texts may stand for a list of one; its score has one axis less."""
        isSingle = len(pairs) == 2 and all(isinstance(each, str) for each in pairs)
        listed = [pairs] if isSingle else pairs
        rows = self._all("score", "pairs", [_pair(pair, index) for index, pair in enumerate(listed)])
        if rows.shape[1] == 1:
            rows = rows[:, 0]
        return self._first(rows) if isSingle else rows

    def classify(self, texts: Union[str, Sequence[str]]) -> List[Tuple[str, float]]:
        """The likeliest label of each text, with its probability."""
        import numpy as np

        scores = np.atleast_2d(self.scores(texts)).astype(np.float64)
        if not len(scores):
            return []
        likely = np.exp(scores - scores.max(axis=1, keepdims=True))
        likely /= likely.sum(axis=1, keepdims=True)
        names = self.labels
        return [(names[index] if index < len(names) else str(index), float(row[index]))
                for index, row in zip(likely.argmax(axis=1), likely)]

    def _all(self, method: str, key: str, items: Sequence[Any]) -> Vectors:
        import numpy as np

        chunks: List[Vectors] = []
        self._rows(method, key, items, chunks.append)
        return np.concatenate(chunks)

    @staticmethod
    def _first(rows: Vectors) -> Vectors:
        first: Vectors = rows[0]
        return first


def _pair(pair: Any, index: int) -> List[str]:
    name = "pairs[%d]" % index
    texts = [] if isinstance(pair, str) else _texts(pair, name)
    if len(texts) != 2:
        raise errors.UsageError("%s: two texts are needed" % name)
    return texts


class Generator(_Model):
    """Texts that a language model writes.

        >>> model = Generator("gpt.reuse.h5")
        >>> model.generate("Once upon a time", max_new_tokens=40)
        >>> for piece in model.stream("Once upon a time"): print(piece, end="")"""

    _method = "generate"
    _kind = "generator"

    @overload
    def generate(  # type: ignore[overload-overlap]  # a str is a sequence of them
            self, prompts: str, max_new_tokens: Optional[int] = ..., temperature: Optional[float] = ...,
            top_k: Optional[int] = ..., top_p: Optional[float] = ..., seed: Optional[int] = ...) -> str: ...

    @overload
    def generate(self, prompts: Sequence[str], max_new_tokens: Optional[int] = ..., temperature: Optional[float] = ...,
                 top_k: Optional[int] = ..., top_p: Optional[float] = ..., seed: Optional[int] = ...) -> List[str]: ...

    def generate(self, prompts: Union[str, Sequence[str]], max_new_tokens: Optional[int] = None,
                 temperature: Optional[float] = None, top_k: Optional[int] = None, top_p: Optional[float] = None,
                 seed: Optional[int] = None) -> Union[str, List[str]]:
        """What follows each prompt; without ``temperature``, ``top_k``, ``top_p`` and ``seed`` the likeliest tokens."""
        isSingle = isinstance(prompts, str)
        answer = list(self._worker.documents(
            "generate", texts=_texts([prompts] if isSingle else prompts, "prompts"), maximumNewTokens=max_new_tokens,
            temperature=temperature, topK=top_k, topP=top_p, seed=seed))[-1]
        texts = [str(text["text"]) for text in answer["texts"]]
        return texts[0] if isSingle else texts

    def stream(self, prompt: str, max_new_tokens: Optional[int] = None, temperature: Optional[float] = None,
               top_k: Optional[int] = None, top_p: Optional[float] = None, seed: Optional[int] = None) -> Iterator[str]:
        """The same, piece by piece as they come. Other calls wait until the stream was read to its end or closed."""
        _check_text(prompt, "prompt")
        documents = self._worker.documents(
            "generate", texts=[prompt], maximumNewTokens=max_new_tokens, temperature=temperature, topK=top_k,
            topP=top_p, seed=seed, stream=True)
        with contextlib.closing(documents):
            for document in documents:
                if "token" in document:
                    yield str(document["token"]["text"])


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
