"""A converted model for MTEB.

    pip install reuseformer mteb
    python mteb_model.py MODEL STSBenchmark
"""

import sys

import mteb
import numpy as np

import reuseformer


class ReuseformerModel:
    """A model as MTEB's tasks ask it: batches of texts, and what stands before them."""

    def __init__(self, path, **options):
        self.model = reuseformer.Embedder(path, **options)

    def encode(self, sentences, *, prompt_type=None, **_):
        # Newer releases hand over batches of a data loader, older ones texts.
        if sentences and not isinstance(sentences[0] if isinstance(sentences, list) else "", str) or not isinstance(
                sentences, list):
            sentences = [text for batch in sentences for text in batch["text"]]
        kind = getattr(prompt_type, "value", prompt_type)
        as_query = self.model.encode_query if kind == "query" else self.model.encode_document
        return np.asarray(as_query(sentences) if kind else self.model.encode(sentences))


if __name__ == "__main__":
    tasks = mteb.get_tasks(tasks=sys.argv[2:])
    print(mteb.MTEB(tasks=tasks).run(ReuseformerModel(sys.argv[1])))
