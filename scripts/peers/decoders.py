"""The peers of a language model: one GPT-2 checkpoint (tf_model.h5) in PyTorch, twice, and in ONNX Runtime.

A peer reads prompts (`prompt`: token ids to the last token's logits and what it keeps) and goes on (`step`).
"""
import json
import math
import warnings

import numpy as np
import onnxruntime
import torch
from torch.nn import functional
from transformers import GPT2Config, GPT2LMHeadModel

import models
import weights

SIDES = ("key", "value")


class Transformers:
    """The model of transformers, with its fused scaled-dot-product attention and its own cache."""

    def __init__(self, folder):
        config = GPT2Config(**json.loads((folder / "config.json").read_text()), attn_implementation="sdpa")
        self.model = GPT2LMHeadModel(config).eval()
        names = {"gamma": "weight", "beta": "bias", "embeddings": "weight"}
        state = {}
        for name, value in weights.read(folder).items():
            *path, leaf = name.split("/")
            state[".".join([*path, names.get(leaf, leaf)])] = value.reshape(-1) if leaf == "bias" else value
        missing = self.model.load_state_dict(state, strict=False).missing_keys
        if set(missing) - {"lm_head.weight"}:
            raise SystemExit(f"{folder}: no weights for {missing}")
        self.model.tie_weights()

    def use(self, threads):
        torch.set_num_threads(threads)

    def prompt(self, ids):
        with torch.inference_mode():
            found = self.model(input_ids=torch.from_numpy(ids), use_cache=True, logits_to_keep=1)
        return found.logits[:, -1].numpy(), found.past_key_values

    def step(self, ids, kept):
        with torch.inference_mode():
            found = self.model(
                input_ids=torch.from_numpy(ids), past_key_values=kept, use_cache=True, logits_to_keep=1)
        return found.logits[:, -1].numpy(), found.past_key_values


class Plain(torch.nn.Module):
    """The same arithmetic in few modules: nothing of a framework's overhead is measured, and it can be exported."""

    def __init__(self, folder, spelled_out=False):
        super().__init__()
        config = json.loads((folder / "config.json").read_text())
        self.heads, self.layers, self.epsilon = config["n_head"], config["n_layer"], config["layer_norm_epsilon"]
        self.spelled_out = spelled_out
        # Matrices as PyTorch's linear layers have them: [out, in].
        self.tensors = {
            name: value.T.contiguous() if name.endswith("/weight") else value.reshape(-1) if "bias" in name else value
            for name, value in weights.read(folder).items()}

    def linear(self, name, x):
        return functional.linear(x, self.tensors[name + "/weight"], self.tensors[name + "/bias"])

    def norm(self, name, x):
        scale, offset = self.tensors[name + "/gamma"], self.tensors[name + "/beta"]
        return functional.layer_norm(x, scale.shape, scale, offset, self.epsilon)

    def attend(self, query, key, value):
        rows, keys = query.shape[2], key.shape[2]
        if not self.spelled_out:
            return functional.scaled_dot_product_attention(query, key, value, is_causal=rows > 1)
        scores = query @ key.transpose(2, 3) / math.sqrt(query.shape[3])
        places = torch.arange(keys)
        hidden = places[None, :] > places[keys - rows:, None]
        return torch.softmax(scores.masked_fill(hidden, -1e9), -1) @ value

    def forward(self, ids, kept=()):
        past = kept[0].shape[2] if kept else 0
        places = torch.arange(past, past + ids.shape[1])
        x = self.tensors["transformer/wte/embeddings"][ids] + self.tensors["transformer/wpe/embeddings"][places]
        batch, rows, width = x.shape
        now = []
        for layer in range(self.layers):
            block = f"transformer/h.{layer}"
            split = self.linear(block + "/attn/c_attn", self.norm(block + "/ln_1", x)).split(width, 2)
            query, key, value = (
                part.view(batch, rows, self.heads, width // self.heads).transpose(1, 2) for part in split)
            if kept:
                key = torch.cat([kept[2 * layer], key], 2)
                value = torch.cat([kept[2 * layer + 1], value], 2)
            now += [key, value]
            context = self.attend(query, key, value).transpose(1, 2).reshape(batch, rows, width)
            x = x + self.linear(block + "/attn/c_proj", context)
            inner = functional.gelu(self.linear(block + "/mlp/c_fc", self.norm(block + "/ln_2", x)), approximate="tanh")
            x = x + self.linear(block + "/mlp/c_proj", inner)
        last = self.norm("transformer/ln_f", x[:, -1])
        return (last @ self.tensors["transformer/wte/embeddings"].T, *now)

    def use(self, threads):
        torch.set_num_threads(threads)

    def prompt(self, ids):
        return self.step(ids, ())

    def step(self, ids, kept):
        with torch.inference_mode():
            logits, *now = self(torch.from_numpy(ids), kept)
        return logits.numpy(), now


class Onnx:
    """ONNX Runtime on the exported graph; what is kept stays in the runtime's own memory."""

    def __init__(self, folder, scratch):
        plain = Plain(folder, spelled_out=True).eval()
        self.path = scratch / "decoder.onnx"
        self.kept = [f"{side}_{layer}" for layer in range(plain.layers) for side in SIDES]
        with torch.inference_mode():
            _, *kept = plain(torch.ones(2, 5, dtype=torch.int64))
        self.shape = (plain.heads, kept[0].shape[3])
        axes = {"ids": {0: "batch", 1: "rows"}, "logits": {0: "batch"}}
        axes |= {"past_" + name: {0: "batch", 2: "past"} for name in self.kept}
        axes |= {name: {0: "batch", 2: "keys"} for name in self.kept}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                plain, (torch.ones(2, 3, dtype=torch.int64), tuple(kept)), str(self.path),
                input_names=["ids", *("past_" + name for name in self.kept)], output_names=["logits", *self.kept],
                dynamic_axes=axes, opset_version=17, dynamo=False)
        self.sessions = {}

    def use(self, threads):
        if threads not in self.sessions:
            self.sessions = {threads: models.onnx_session(self.path, threads)}
        self.session = self.sessions[threads]

    def prompt(self, ids):
        heads, size = self.shape
        nothing = np.zeros((len(ids), heads, 0, size), dtype=np.float32)
        return self.step(ids, [onnxruntime.OrtValue.ortvalue_from_numpy(nothing) for _ in self.kept])

    def step(self, ids, kept):
        feed = {"past_" + name: value for name, value in zip(self.kept, kept)}
        feed["ids"] = onnxruntime.OrtValue.ortvalue_from_numpy(ids)
        logits, *now = self.session.run_with_ort_values(["logits", *self.kept], feed)
        return logits.numpy(), now

