"""Runs folders of Hugging Face as transformers reads them, for framework.py: the class that `architectures` names."""
import json
import os

import numpy
import torch
import transformers

import framework

ACCEPTED = ("last_hidden_state", "logits", "pooler_output", "start_logits", "end_logits", "text_embeds", "image_embeds",
            "encoder_last_hidden_state", "prediction_logits", "seq_relationship_logits")


def compute(path, inputs):
    transformers.logging.set_verbosity_error()
    with open(os.path.join(path, "config.json"), encoding="utf8") as file:
        names = json.load(file).get("architectures") or []
    kind = getattr(transformers, names[0], None) if names else transformers.AutoModel
    if kind is None:
        raise ValueError(f"no class {names[0]}")
    model, loading = kind.from_pretrained(
        path, attn_implementation="eager", dtype=torch.float32, output_loading_info=True)
    for problem in ("missing_keys", "mismatched_keys", "error_msgs"):
        if loading.get(problem):
            raise ValueError(f"{problem}: {str(loading[problem])[:200]}")
    model.eval()
    given = numpy.load(inputs)
    values = {}
    for name in given.files:
        array = torch.from_numpy(given[name].astype("float32" if given[name].dtype.kind == "f" else "int64"))
        values[name] = array
    with torch.no_grad():
        found = model(**values, output_hidden_states=True, return_dict=True)
    result = {name: found[name].numpy() for name in ACCEPTED if found.get(name) is not None}
    states = found.get("hidden_states")
    if states is not None and "decoder_input_ids" not in values and len({state.shape for state in states}) == 1:
        result["hidden_states"] = numpy.stack([state.numpy() for state in states])
    return result


if __name__ == "__main__":
    framework.serve(compute)
