"""Imports and rewrites a checkpoint of seven billion parameters, and measures what that costs.

    scripts/large-checkpoint [BINARY] [--folder .demo/large] [--family bert|mistral] [--keep]

Makes a sharded float16 checkpoint in Hugging Face's TensorFlow layout: random values at the start of every tensor,
holes behind, so that it takes little room on a disk with sparse files (the rewritten file takes all of its 14 GB). Then
  inspect   metadata only
  convert   along a plan that reuses a third of the maps, without healing: nothing is run
  inspect   of what was written
Peak memory is the anonymous memory of the process and its children, sampled 50 times a second: what the mapped files
take is the system's to give back. Prints a table; exit status 1 when memory exceeds 2 GB or a step fails. Linux only.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import threading
import time

import h5py
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIMIT_MEGABYTES = 2000


def bert(layers=34, width=4096, inner=16384, heads=32):
    config = {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "hidden_size": width,
        "intermediate_size": inner, "layer_norm_eps": 1e-12, "max_position_embeddings": 512,
        "num_attention_heads": heads, "num_hidden_layers": layers, "position_embedding_type": "absolute",
        "type_vocab_size": 2, "vocab_size": 30522}
    weights = [("bert/embeddings/word_embeddings/weight", (30522, width)),
               ("bert/embeddings/position_embeddings/embeddings", (512, width)),
               ("bert/embeddings/token_type_embeddings/embeddings", (2, width))]

    def dense(name, *shape):
        return [(f"{name}/kernel", shape), (f"{name}/bias", shape[-1:])]

    def norm(name):
        return [(f"{name}/gamma", (width,)), (f"{name}/beta", (width,))]

    weights += norm("bert/embeddings/LayerNorm")
    for layer in range(layers):
        base = f"bert/encoder/layer_._{layer}"
        for part in ["query", "key", "value"]:
            weights += dense(f"{base}/attention/self/{part}", width, width)
        weights += dense(f"{base}/attention/output/dense", width, width) + norm(f"{base}/attention/output/LayerNorm")
        weights += dense(f"{base}/intermediate/dense", width, inner) + dense(f"{base}/output/dense", inner, width)
        weights += norm(f"{base}/output/LayerNorm")
    weights += dense("bert/pooler/dense", width, width)
    return config, "tf_bert_model", weights, layers, heads


def mistral(layers=32, width=4096, inner=14336, heads=32, groups=8):
    config = {
        "architectures": ["MistralForCausalLM"], "model_type": "mistral", "hidden_act": "silu", "hidden_size": width,
        "intermediate_size": inner, "max_position_embeddings": 32768, "num_attention_heads": heads,
        "num_hidden_layers": layers, "num_key_value_heads": groups, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
        "sliding_window": 4096, "tie_word_embeddings": False, "vocab_size": 32000}
    size = width // heads
    weights = [("model/embed_tokens/weight", (32000, width))]
    for layer in range(layers):
        base = f"model/layers_._{layer}"
        weights += [
            (f"{base}/self_attn/q_proj/kernel", (width, heads * size)),
            (f"{base}/self_attn/k_proj/kernel", (width, groups * size)),
            (f"{base}/self_attn/v_proj/kernel", (width, groups * size)),
            (f"{base}/self_attn/o_proj/kernel", (heads * size, width)),
            (f"{base}/mlp/gate_proj/kernel", (width, inner)), (f"{base}/mlp/up_proj/kernel", (width, inner)),
            (f"{base}/mlp/down_proj/kernel", (inner, width)),
            (f"{base}/input_layernorm/weight", (width,)), (f"{base}/post_attention_layernorm/weight", (width,))]
    weights += [("model/norm/weight", (width,)), ("lm_head/kernel", (width, 32000))]
    return config, "tf_mistral_for_causal_lm", weights, layers, heads


def write(folder, config, scope, weights, shards=8):
    """Writes the shards; tensors have room in the file from the start, and only their first values are written."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    rng, where = np.random.default_rng(7), {}
    total = sum(int(np.prod(shape)) for _, shape in weights)
    number, used, file = 0, 0, None
    for name, shape in weights:
        if file is None or used >= total * number / shards:
            if file is not None:
                finish(file, names)
            number, names = number + 1, []
            file_name = f"tf_model-{number:05}-of-{shards:05}.h5"
            file = h5py.File(folder / file_name, "w")
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        create.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
        links.set_create_intermediate_group(True)
        dataset = h5py.Dataset(h5py.h5d.create(
            file.id, f"{name}:0".encode(), h5py.h5t.IEEE_F16LE, h5py.h5s.create_simple(shape), create, links))
        first = (rng.standard_normal((min(shape[0], 4),) + shape[1:]) * 0.02).astype(np.float16)
        dataset[:len(first)] = first
        names.append(f"{name}:0")
        where[f"{scope}/{name}:0"] = file_name
        used += int(np.prod(shape))
    finish(file, names)
    (folder / "tf_model.h5.index.json").write_text(
        json.dumps({"metadata": {"total_size": total * 2}, "weight_map": where}))
    return total


def finish(file, names):
    file.attrs["layer_names"] = np.array([name.encode() for name in names])
    file.close()


def plan(nodes, heads):
    """Two thirds of the layers compute; each third one takes its maps from the layer before."""
    layers = []
    for index, node in enumerate(nodes):
        if index % 3 == 2:
            sources = [{"source": "borrowed", "terms": [{"node": nodes[index - 1], "head": head, "weight": 1}]}
                       for head in range(heads)]
        else:
            sources = [{"source": "computed"}] * heads
        layers.append({"node": node, "heads": sources})
    return {"version": 1, "budget": "by hand", "layers": layers}


class Measured:
    """A run, with the largest anonymous memory of the process and its children."""

    def __init__(self, command):
        start = time.monotonic()
        self.anonymous = self.mapped = 0
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            watcher = threading.Thread(target=self.watch, args=(process,))
            watcher.start()
            self.output, self.errors = process.communicate()
            watcher.join()
            self.status = process.returncode
        self.seconds = time.monotonic() - start

    def watch(self, process):
        while process.poll() is None:
            anonymous = mapped = 0
            for pid in [process.pid] + children(process.pid):
                fields = status(pid)
                anonymous += fields.get("RssAnon", 0)
                mapped += fields.get("RssFile", 0)
            self.anonymous, self.mapped = max(self.anonymous, anonymous), max(self.mapped, mapped)
            time.sleep(0.02)


def children(pid):
    try:
        return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def status(pid):
    try:
        lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {line.split(":")[0]: int(line.split()[1]) // 1024 for line in lines if line.startswith("Rss")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", nargs="?", default=str(ROOT / ".build/release/reuseformer"))
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / ".demo/large")
    parser.add_argument("--family", choices=["bert", "mistral"], default="bert")
    parser.add_argument("--layers", type=int, help="fewer, for a trial")
    parser.add_argument("--keep", action="store_true", help="leave the files")
    arguments = parser.parse_args()
    folder, model = arguments.folder, arguments.folder / "model"
    shutil.rmtree(folder, ignore_errors=True)
    family = {"bert": bert, "mistral": mistral}[arguments.family]
    config, scope, weights, layers, heads = family(**({"layers": arguments.layers} if arguments.layers else {}))
    total = write(model, config, scope, weights)
    size = sum(file.stat().st_size for file in model.iterdir())
    print(f"{total / 1e9:.2f} billion parameters in {len(list(model.glob('*.h5')))} shards of {size / 1e9:.1f} GB "
          f"together, {sum(f.stat().st_blocks for f in model.iterdir()) * 512 / 1e6:.0f} MB on disk\n")
    written = folder / "small.reuse.h5"
    (folder / "plan.json").write_text(json.dumps(plan([f"layer_{i}/attention" for i in range(layers)], heads)))
    steps = [
        ("inspect the checkpoint", ["inspect", str(model)]),
        ("convert along a plan", ["convert", str(model), "--plan", str(folder / "plan.json"), "--heal", "none", "-o",
                                  str(written)]),
        ("inspect the result", ["inspect", str(written)])]
    failed = False
    print("| step | seconds | peak memory beyond mapped files | mapped files in memory |")
    print("| --- | ---: | ---: | ---: |")
    for name, command in steps:
        run = Measured([arguments.binary] + command)
        print(f"| {name} | {run.seconds:.1f} | {run.anonymous} MB | {run.mapped} MB |", flush=True)
        if run.status != 0 or run.anonymous > LIMIT_MEGABYTES:
            print(f"large-checkpoint: {name}: status {run.status}, {run.anonymous} MB\n{run.errors}", file=sys.stderr)
            failed = True
            break
        if name.startswith("convert"):
            saved = [line for line in run.output.splitlines() if line.startswith(("maps", "params", "exactness"))]
    if not failed:
        print("\n" + "\n".join(saved))
        print(f"{written.stat().st_size / 1e9:.1f} GB written")
    if not arguments.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
