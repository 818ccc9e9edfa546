"""A BERT of as many layers as one likes, with small random weights, as a folder that can be read."""

import json
import shutil
import struct

import numpy as np


def write(folder, tokenizer, layers, width=8, heads=2, words=2048, positions=64):
    """Writes config.json, model.safetensors and the tokenizer files of another folder."""
    draw = np.random.default_rng(7)
    tensors = {}

    def matrix(name, *shape):
        tensors[name] = (draw.normal(0, 0.3, shape)).astype(np.float32)

    def norm(name):
        tensors[name + ".weight"] = np.ones(width, np.float32)
        tensors[name + ".bias"] = np.zeros(width, np.float32)

    def dense(name, rows, columns):
        matrix(name + ".weight", rows, columns)
        matrix(name + ".bias", rows)

    for name, rows in (("word", words), ("position", positions), ("token_type", 2)):
        matrix("embeddings.%s_embeddings.weight" % name, rows, width)
    norm("embeddings.LayerNorm")
    for layer in range(layers):
        prefix = "encoder.layer.%d." % layer
        for part in ("query", "key", "value"):
            dense(prefix + "attention.self." + part, width, width)
        dense(prefix + "attention.output.dense", width, width)
        norm(prefix + "attention.output.LayerNorm")
        dense(prefix + "intermediate.dense", 2 * width, width)
        dense(prefix + "output.dense", width, 2 * width)
        norm(prefix + "output.LayerNorm")
    header, data = {}, b""
    for name, tensor in tensors.items():
        offsets = [len(data), len(data) + tensor.nbytes]
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": offsets}
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)
    (folder / "config.json").write_text(json.dumps({
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": width, "num_hidden_layers": layers,
        "num_attention_heads": heads, "intermediate_size": 2 * width, "hidden_act": "gelu", "vocab_size": words,
        "max_position_embeddings": positions, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "pad_token_id": 0}))
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copy(tokenizer / name, folder / name)
    return folder
