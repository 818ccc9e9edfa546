"""Classifiers and generators."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Iterator, List, Optional, Sequence, Tuple, Union, overload

from . import errors
from ._model import Model, check_text, texts_of

if TYPE_CHECKING:
    from ._model import Vectors


class Classifier(Model):
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
        rows = self._all("classify", "texts", texts_of([texts] if isSingle else texts, "texts"))
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
    texts = [] if isinstance(pair, str) else texts_of(pair, name)
    if len(texts) != 2:
        raise errors.UsageError("%s: two texts are needed" % name)
    return texts


class Generator(Model):
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
            "generate", texts=texts_of([prompts] if isSingle else prompts, "prompts"), maximumNewTokens=max_new_tokens,
            temperature=temperature, topK=top_k, topP=top_p, seed=seed))[-1]
        texts = [str(text["text"]) for text in answer["texts"]]
        return texts[0] if isSingle else texts

    def stream(self, prompt: str, max_new_tokens: Optional[int] = None, temperature: Optional[float] = None,
               top_k: Optional[int] = None, top_p: Optional[float] = None, seed: Optional[int] = None) -> Iterator[str]:
        """The same, piece by piece as they come. Other calls wait until the stream was read to its end or closed."""
        check_text(prompt, "prompt")
        documents = self._worker.documents(
            "generate", texts=[prompt], maximumNewTokens=max_new_tokens, temperature=temperature, topK=top_k,
            topP=top_p, seed=seed, stream=True)
        with contextlib.closing(documents):
            for document in documents:
                if "token" in document:
                    yield str(document["token"]["text"])
