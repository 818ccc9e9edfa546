"""Models that are asked from Python: embedders, classifiers, generators."""

from __future__ import annotations

import os
import sys
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple, Union

import numpy as np

from . import errors
from ._worker import Worker

Path = Union[str, "os.PathLike[str]"]

#: Texts of a chunk that is sent at once, and how many characters it may have together.
_CHUNK_TEXTS = 256
_CHUNK_CHARACTERS = 1 << 20


class _Model:
    """What all models have: a process, made when it is first needed, that ends with the object."""

    _method = ""

    def __init__(self, path: Path, threads: Optional[int] = None, options: Sequence[str] = ()):
        self._worker = Worker(os.fspath(path), threads, options)
        methods = self._worker.greeting["model"]["methods"]
        if self._method not in methods:
            self.close()
            raise errors.UsageError("%s: the model is no %s; it can: %s" % (
                path, type(self).__name__.lower(), ", ".join(methods) or "nothing of this"))

    @property
    def description(self) -> Dict[str, Any]:
        """What the model is: architecture, labels, prompts, limits, notes."""
        return dict(self._worker.greeting["model"])

    def close(self) -> None:
        """Ends the process behind the model."""
        self._worker.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __repr__(self) -> str:
        return "%s(%r)" % (type(self).__name__, self._worker.model)


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

    def __init__(self, path: Path, threads: Optional[int] = None, options: Sequence[str] = (), *,
                 pooling: Optional[str] = None, truncate_dim: Optional[int] = None,
                 max_seq_length: Optional[int] = None):
        super().__init__(path, threads, options)
        self.pooling = pooling
        self.truncate_dim = truncate_dim
        self._limit = max_seq_length

    @property
    def prompts(self) -> Dict[str, str]:
        """Texts that may stand before a text, by name."""
        return dict(self.description["prompts"])

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

    def get_sentence_embedding_dimension(self) -> int:
        """Numbers of a vector."""
        width = int(self.description["width"])
        return width if self.truncate_dim is None else min(width, self.truncate_dim)

    def encode(self, sentences: Union[str, Sequence[str]], prompt_name: Optional[str] = None,
               prompt: Optional[str] = None, batch_size: int = 32, show_progress_bar: Optional[bool] = None,
               output_value: str = "sentence_embedding", precision: str = "float32", convert_to_numpy: bool = True,
               convert_to_tensor: bool = False, device: Any = None, normalize_embeddings: bool = False,
               truncate_dim: Optional[int] = None) -> Union[np.ndarray, List[np.ndarray]]:
        """Vectors of texts, float32 ``[texts, width]``; of a single text ``[width]``.

        ``batch_size`` and ``device`` are accepted for the sake of callers: texts of any length go through together
        without padding, and a vector does not depend on the texts beside it, to the bit."""
        if output_value != "sentence_embedding":
            raise errors.UsageError("output_value: only \"sentence_embedding\" is made, not %r" % (output_value,))
        if precision != "float32":
            raise errors.UsageError("precision: only \"float32\" is made, not %r" % (precision,))
        if convert_to_tensor:
            raise errors.UsageError(
                "convert_to_tensor: vectors are NumPy arrays; torch.from_numpy makes tensors of them")
        if device not in (None, "cpu"):
            raise errors.UsageError("device: models run on the CPU, not on %r" % (device,))
        if batch_size < 1:
            raise errors.UsageError("batch_size: must be positive, not %r" % (batch_size,))
        isSingle = isinstance(sentences, str)
        texts = [sentences] if isSingle else list(sentences)
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise errors.UsageError("sentences[%d]: a str is needed, not %s" % (index, type(text).__name__))
        if prompt is None and prompt_name is not None:
            try:
                prompt = self.prompts[prompt_name]
            except KeyError:
                raise errors.UsageError("prompt_name: the model has no prompt %r; it has %s" % (
                    prompt_name, sorted(self.prompts) or "none")) from None
        width = int(self.description["width"])
        length = truncate_dim if truncate_dim is not None else self.truncate_dim
        if length is not None and not 1 <= length:
            raise errors.UsageError("truncate_dim: must be positive, not %r" % (length,))
        # What is cut is divided by its length after it was cut.
        normalizes_here = normalize_embeddings and length is not None and length < width
        vectors = np.empty((len(texts), width), dtype=np.float32)
        filled = 0
        with _Bar(len(texts), show_progress_bar) as bar:
            for rows in self._worker.rows(
                    "embed", "texts", _chunks(texts), pooling=self.pooling, maximumTokens=self._limit, prompt=prompt,
                    normalize=True if normalize_embeddings and not normalizes_here else None):
                vectors[filled:filled + len(rows)] = rows
                filled += len(rows)
                bar.advance(filled)
        if length is not None and length < width:
            vectors = np.ascontiguousarray(vectors[:, :length])
        if normalizes_here:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        if isSingle:
            return vectors[0]
        return vectors if convert_to_numpy else list(vectors)

    def encode_query(self, sentences: Union[str, Sequence[str]], **options: Any):
        """``encode`` with the prompt named ``query``, where the model has one."""
        return self._encode_as(sentences, ("query",), options)

    def encode_document(self, sentences: Union[str, Sequence[str]], **options: Any):
        """``encode`` with the prompt named ``document``, ``passage`` or ``corpus``, where the model has one."""
        return self._encode_as(sentences, ("document", "passage", "corpus"), options)

    def _encode_as(self, sentences, names: Tuple[str, ...], options: Dict[str, Any]):
        if options.get("prompt_name") is None and options.get("prompt") is None:
            known = self.prompts
            options["prompt_name"] = next((name for name in names if name in known), None)
        return self.encode(sentences, **options)

    def similarity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """How alike vectors are, ``[first, second]``; larger is more alike."""
        a, b = np.atleast_2d(np.asarray(first)), np.atleast_2d(np.asarray(second))
        name = self.similarity_fn_name
        if name == "dot":
            return a @ b.T
        if name == "cosine":
            unit = [x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12) for x in (a, b)]
            return unit[0] @ unit[1].T
        if name == "euclidean":
            return -np.stack([np.linalg.norm(row - b, axis=1) for row in a])
        if name == "manhattan":
            return -np.stack([np.abs(row - b).sum(axis=1) for row in a])
        raise errors.Unsupported("similarity_fn_name: %r is not known" % name)


class Classifier(_Model):
    """Scores of texts, or of pairs of texts.

        >>> model = Classifier("sentiment.reuse.h5")
        >>> model.classify(["I loved it", "never again"])
        [('positive', 0.98), ('negative', 0.97)]"""

    _method = "classify"

    @property
    def labels(self) -> List[str]:
        """Names of the scores, in their order; empty where the model's files name none."""
        return list(self.description["labels"])

    def scores(self, texts: Union[str, Sequence[str]]) -> np.ndarray:
        """Scores before softmax, float32 ``[texts, labels]``."""
        texts = [texts] if isinstance(texts, str) else list(texts)
        return self._rows("classify", "texts", texts)

    def predict(self, pairs: Sequence[Tuple[str, str]]) -> np.ndarray:
        """Scores of pairs as ``CrossEncoder.predict`` gives them: ``[pairs]``, or ``[pairs, labels]`` for several."""
        rows = self._rows("score", "pairs", [list(pair) for pair in pairs])
        return rows[:, 0] if rows.shape[1] == 1 else rows

    def classify(self, texts: Union[str, Sequence[str]]) -> List[Tuple[str, float]]:
        """The likeliest label of each text, with its probability."""
        scores = self.scores(texts).astype(np.float64)
        shifted = np.exp(scores - scores.max(axis=1, keepdims=True)) if len(scores) else scores
        likely = shifted / shifted.sum(axis=1, keepdims=True) if len(scores) else scores
        names = self.labels
        best = likely.argmax(axis=1) if len(scores) else []
        return [(names[index] if index < len(names) else str(index), float(row[index]))
                for index, row in zip(best, likely)]

    def _rows(self, method: str, key: str, items: List[Any]) -> np.ndarray:
        chunks = _chunks(items) or [[]]
        return np.concatenate(list(self._worker.rows(method, key, chunks)))


class Generator(_Model):
    """Texts that a language model writes.

        >>> model = Generator("gpt.reuse.h5")
        >>> model.generate("Once upon a time", max_new_tokens=40)
        >>> for piece in model.stream("Once upon a time"): print(piece, end="")"""

    _method = "generate"

    def generate(self, prompts: Union[str, Sequence[str]], max_new_tokens: Optional[int] = None,
                 temperature: Optional[float] = None, top_k: Optional[int] = None, top_p: Optional[float] = None,
                 seed: Optional[int] = None) -> Union[str, List[str]]:
        """What follows each prompt; without ``temperature``, ``top_k``, ``top_p`` and ``seed`` the likeliest tokens."""
        isSingle = isinstance(prompts, str)
        answer = list(self._worker.documents(
            "generate", texts=[prompts] if isSingle else list(prompts), maximumNewTokens=max_new_tokens,
            temperature=temperature, topK=top_k, topP=top_p, seed=seed))[-1]
        texts = [text["text"] for text in answer["texts"]]
        return texts[0] if isSingle else texts

    def stream(self, prompt: str, max_new_tokens: Optional[int] = None, temperature: Optional[float] = None,
               top_k: Optional[int] = None, top_p: Optional[float] = None, seed: Optional[int] = None) -> Iterator[str]:
        """The same, piece by piece as they come."""
        for document in self._worker.documents(
                "generate", texts=[prompt], maximumNewTokens=max_new_tokens, temperature=temperature, topK=top_k,
                topP=top_p, seed=seed, stream=True):
            if "token" in document:
                yield document["token"]["text"]


def _chunks(texts: List[Any]) -> List[List[Any]]:
    """Texts in chunks of bounded number and length, in order."""
    chunks: List[List[Any]] = []
    size = _CHUNK_CHARACTERS
    for text in texts:
        length = len(text) if isinstance(text, str) else sum(map(len, text))
        if not chunks or len(chunks[-1]) == _CHUNK_TEXTS or size + length > _CHUNK_CHARACTERS:
            chunks.append([])
            size = 0
        chunks[-1].append(text)
        size += length
    return chunks


class _Bar:
    """A line that says how far a long call is."""

    def __init__(self, total: int, isWanted: Optional[bool]):
        self._total = total
        self._isShown = bool(isWanted) and total > 0

    def __enter__(self):
        return self

    def advance(self, done: int) -> None:
        if self._isShown:
            print("\r%d of %d texts" % (done, self._total), end="", file=sys.stderr, flush=True)

    def __exit__(self, *_):
        if self._isShown:
            print(file=sys.stderr)
