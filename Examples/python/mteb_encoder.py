"""A converted model under the tasks of MTEB.

    pip install reuseformer mteb
    python mteb_encoder.py MODEL STSBenchmark
"""

import pathlib
import sys

import mteb
import numpy as np
from mteb.models.abs_encoder import AbsEncoder

import reuseformer


class ReuseformerEncoder(AbsEncoder):
    """A model as MTEB's tasks ask it: prompts are those that the model has for a task, or for queries and documents."""

    def __init__(self, path, **options):
        self.model = reuseformer.Embedder(path, **options)
        self.mteb_model_meta = mteb.models.ModelMeta.create_empty({"name": "reuseformer/" + pathlib.Path(path).stem})
        self.model_prompts, _ = self.validate_task_to_prompt_name(self.model.prompts, raise_for_invalid_keys=False)

    def encode(self, inputs, *, task_metadata, prompt_type=None, **_):
        texts = [text for batch in inputs for text in batch["text"]]
        name = self.get_prompt_name(task_metadata, prompt_type)
        return np.asarray(self.model.encode(texts, prompt_name=name))


if __name__ == "__main__":
    encoder = ReuseformerEncoder(sys.argv[1])
    for result in mteb.evaluate(encoder, mteb.get_tasks(tasks=sys.argv[2:])).task_results:
        print(result.task_name, result.get_score())
