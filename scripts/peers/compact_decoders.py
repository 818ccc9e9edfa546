"""Times language models whose weights have 8 or 4 bits beside CTranslate2 and OpenVINO, in turns. Prints Markdown.

New tokens a second, one prompt, one thread unless told otherwise. A ratio compares turns of the same round. A side's
cosine is that of its last logits with float32's: a fast side that computes something
else shows as such.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import ctranslate2
import nncf
import numpy as np
import openvino
from openvino import properties
from openvino._offline_transformations import apply_make_stateful_transformation

import decoders
import weights


class CTranslate2:
    """GPT-2 in CTranslate2: float32, or 8-bit weights with inputs rounded to 8 bits on the way."""

    def __init__(self, folder, kind, scratch):
        config = json.loads((folder / "config.json").read_text())
        spec = ctranslate2.specs.TransformerDecoderModelSpec.from_config(
            config["n_layer"], config["n_head"], pre_norm=True, activation=ctranslate2.specs.Activation.GELUTanh)
        tensors = {name: value.numpy() for name, value in weights.read(folder).items()}
        decoder = spec.decoder
        decoder.scale_embeddings = False

        def linear(target, name):
            target.weight = np.ascontiguousarray(tensors[name + "/weight"].T)
            target.bias = tensors[name + "/bias"].reshape(-1)

        def norm(target, name):
            target.gamma, target.beta = tensors[name + "/gamma"], tensors[name + "/beta"]

        decoder.embeddings.weight = tensors["transformer/wte/embeddings"]
        decoder.position_encodings.encodings = tensors["transformer/wpe/embeddings"]
        decoder.projection.weight = tensors["transformer/wte/embeddings"]
        norm(decoder.layer_norm, "transformer/ln_f")
        for index, layer in enumerate(decoder.layer):
            block = f"transformer/h.{index}"
            norm(layer.self_attention.layer_norm, block + "/ln_1")
            linear(layer.self_attention.linear[0], block + "/attn/c_attn")
            linear(layer.self_attention.linear[1], block + "/attn/c_proj")
            norm(layer.ffn.layer_norm, block + "/ln_2")
            linear(layer.ffn.linear_0, block + "/mlp/c_fc")
            linear(layer.ffn.linear_1, block + "/mlp/c_proj")
        self.tokens = [f"t{number}" for number in range(config["vocab_size"])]
        spec.register_vocabulary(self.tokens)
        spec.config.unk_token = spec.config.bos_token = spec.config.eos_token = "t0"
        spec.validate()
        spec.optimize(quantization=None if kind == "f32" else kind)
        self.path = str(scratch / f"ctranslate2-{kind}")
        pathlib.Path(self.path).mkdir()
        spec.save(self.path)
        self.kind = "float32" if kind == "f32" else kind

    def use(self, threads):
        self.generator = ctranslate2.Generator(
            self.path, device="cpu", compute_type=self.kind, inter_threads=1, intra_threads=threads)

    def logits(self, ids):
        found = self.generator.forward_batch([[self.tokens[number] for number in ids]])
        return np.array(found)[0, -1]

    def write(self, ids, new):
        """Seconds of a new token."""
        prompt = [[self.tokens[number] for number in ids]]
        times = []
        for count in (1, new + 1):
            start = time.perf_counter()
            self.generator.generate_batch(
                prompt, max_length=count, min_length=count, sampling_topk=1, include_prompt_in_result=False,
                end_token="t0")
            times.append(time.perf_counter() - start)
        return (times[1] - times[0]) / new


class OpenVINO:
    """The exported graph in OpenVINO, what is kept inside of it; weights in float32, or compressed by NNCF."""

    MODES = {"int8": nncf.CompressWeightsMode.INT8_SYM, "int4": nncf.CompressWeightsMode.INT4_SYM}

    def __init__(self, path, kept, shape, kind):
        self.nothing = np.zeros((1, shape[0], 0, shape[1]), dtype=np.float32)
        model = openvino.convert_model(path)
        apply_make_stateful_transformation(model, {"past_" + name: name for name in kept})
        if kind != "f32":
            options = {"group_size": 64, "ratio": 1.0, "all_layers": True} if kind == "int4" else {}
            model = nncf.compress_weights(model, mode=self.MODES[kind], **options)
        self.model = model

    def use(self, threads):
        compiled = openvino.Core().compile_model(self.model, "CPU", {
            properties.inference_num_threads(): threads, properties.num_streams(): 1,
            properties.hint.inference_precision(): openvino.Type.f32})
        self.request = compiled.create_infer_request()

    def logits(self, ids):
        for state in self.request.query_state():
            state.state = openvino.Tensor(self.nothing)
        self.request.infer({"ids": np.array([ids], dtype=np.int64)})
        return self.request.get_output_tensor(0).data[0].copy()

    def write(self, ids, new):
        next_id = int(self.logits(ids).argmax())
        start = time.perf_counter()
        for _ in range(new):
            self.request.infer({"ids": np.array([[next_id]], dtype=np.int64)})
            next_id = int(self.request.get_output_tensor(0).data[0].argmax())
        return (time.perf_counter() - start) / new


class Ours:
    """One of our models."""

    def __init__(self, command, path):
        self.command, self.path = command, str(path)

    def use(self, threads):
        self.threads = str(threads)

    def logits(self, ids):
        with tempfile.TemporaryDirectory() as scratch:
            given, found = pathlib.Path(scratch, "in.npz"), pathlib.Path(scratch, "out.npz")
            np.savez(given, input_ids=np.array([ids], dtype=np.int32))
            words = [self.command, "run", self.path, "--inputs", given, "--dump", "logits", "-o", found]
            subprocess.run(list(map(str, words)), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with np.load(found) as file:
                return file["logits"][0, -1]

    def write(self, ids, new):
        words = [self.command, "bench", self.path, "--shape", f"1x{len(ids)}", "--new-tokens", str(new), "--threads",
                 self.threads, "--json"]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        return json.loads(done.stdout)["writing"][0]["stepSeconds"]


def cosine(one, other):
    one, other = one.astype(np.float64), other.astype(np.float64)
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench-decoding", description=__doc__)
    parser.add_argument("model", type=pathlib.Path, help="folder of a GPT-2 with tf_model.h5")
    parser.add_argument("ours", nargs="*", metavar="NAME=FILE", help="converted models, as int8=small.reuse.h5")
    parser.add_argument("--command", default=".build/release/reuseformer", help="the reuseformer to measure")
    parser.add_argument("--prompt", default=32, type=int, help="tokens of the prompt, default 32")
    parser.add_argument("--new-tokens", default=32, type=int, help="tokens to add, default 32")
    parser.add_argument("--threads", default=1, type=int)
    parser.add_argument("--rounds", default=3, type=int, help="turns of each side, default 3")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    vocabulary = json.loads((arguments.model / "config.json").read_text())["vocab_size"]
    ids = [int(number) for number in np.random.default_rng(7).integers(1, vocabulary, size=arguments.prompt)]
    with tempfile.TemporaryDirectory() as folder:
        scratch = pathlib.Path(folder)
        sides = {"ours f32": Ours(arguments.command, arguments.model)}
        for name, file in (word.split("=", 1) for word in arguments.ours):
            sides[f"ours {name}"] = Ours(arguments.command, file)
        for kind in ("f32", "int8"):
            sides[f"CTranslate2 {kind}"] = CTranslate2(arguments.model, kind, scratch)
        exported = decoders.Onnx(arguments.model, scratch)
        for kind in ("f32", "int8", "int4"):
            sides[f"OpenVINO {kind}"] = OpenVINO(exported.path, exported.kept, exported.shape, kind)
        measure(arguments, sides, ids)


def measure(arguments, sides, ids):
    """Prints the table."""
    turns = {name: [] for name in sides}
    for side in sides.values():
        side.use(arguments.threads)
    for _ in range(arguments.rounds):
        for name, side in sides.items():
            turns[name].append(side.write(ids, arguments.new_tokens))
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    reference = sides["ours f32"].logits(ids)
    print("| side | tokens a second | times our f32 | cosine of the logits |\n| --- | ---: | ---: | ---: |")
    for name, side in sides.items():
        ratio = statistics.median(a / b for a, b in zip(turns["ours f32"], turns[name]))
        print(f"| {name} | {1 / min(turns[name]):.1f} | {ratio:.2f} | {cosine(side.logits(ids), reference):.5f} |")


if __name__ == "__main__":
    main()
