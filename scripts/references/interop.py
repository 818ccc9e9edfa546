"""The checks of scripts/interop."""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import command
import samples

sys.path.insert(0, str(command.ROOT / "Examples/python"))
import reuse_h5  # noqa: E402

TOLERANCE = 1e-4
FLIPS = 12
SEED = 20240611
CALIBRATION_LINES = 64
# Options of conversions that a budget or a precision leads, how outputs are compared, and how far they may be apart:
# weights alone are exact numbers; where inputs are rounded too, the last bits of what comes before decide now and then
# which of two neighbours a number becomes. A reader that rounded in other places is further away (4.9e-3 and 1e-2).
CONVERSIONS = {
    "neurons": (["--budget", "macs:12%@64", "--allow", "neurons"], command.visible_difference, TOLERANCE),
    "maps and neurons": (["--budget", "macs:15%@64"], command.visible_difference, TOLERANCE),
    "ranks": (["--budget", "macs:6%@64", "--allow", "ranks"], command.visible_difference, TOLERANCE),
    "linear layers": (
        ["--budget", "macs:20%@64", "--allow", "reuse,blend,static,linear"], command.visible_difference, TOLERANCE),
    "bfloat16": (["--precision", "bf16"], command.relative_difference, 3e-3),
    "weights in 8 bits": (["--weights", "int8"], command.visible_difference, TOLERANCE),
    "weights in 8 bits, groups": (["--weights", "int8", "--group", "64"], command.visible_difference, TOLERANCE),
    "weights in 4 bits": (["--weights", "int4"], command.visible_difference, TOLERANCE),
    "8 bits": (["--precision", "int8"], command.relative_difference, 1e-3),
    "maps and 8 bits": (["--precision", "int8", "--budget", "1/3"], command.relative_difference, 5e-3),
}
# Models of other kinds, for their bits: a folder of fixtures/, options of the conversion, and whether it needs texts.
OTHERS = [
    ("gpt", ["--weights", "int4"], True),
    ("vit", ["--precision", "int8"], False),
    ("t5", ["--precision", "int8"], False),
    ("families/gemma2_kerashub", ["--precision", "bf16"], False),  # capped scores, windows
    ("families/olmo2", ["--precision", "int8"], False),  # norms over all heads
    ("families/phi3_longrope", ["--weights", "int8"], False),  # stretched positions, parts of heads turned
    ("families/bloom_safetensors", ["--precision", "int8"], False),  # slopes
    ("families/deberta_v3_kerashub", ["--precision", "int8"], False),  # disentangled positions
    ("families/whisper_safetensors", ["--precision", "bf16"], False),  # convolutions, two kinds of rows
]

COMPUTED = {"source": "computed"}
DROPPED = {"source": "dropped"}
HARD = {"source": "hard"}


def node(layer):
    return f"layer_{layer}/attention"


def head(layer, index, weight=1.0):
    return {"weight": weight, "node": node(layer), "head": index}


def pattern(name, weight=1.0):
    return {"weight": weight, "pattern": name}


def borrowed(*terms):
    return {"source": "borrowed", "terms": list(terms)}


def plans(layers, heads):
    """Name and sources, `[layer][head]`, of one plan of every kind that the format allows."""
    last = heads - 1

    def changed(changes):
        return [[changes.get((layer, index), COMPUTED) for index in range(heads)] for layer in range(layers)]

    every = range(heads)
    yield "unchanged", changed({})
    yield "full", changed({(2, i): borrowed(head(1, i)) for i in every})
    yield "partial", changed(
        {(1, 0): borrowed(head(0, last)), (3, last): borrowed(head(1, 1)), (3, 1): borrowed(head(2, 0))})
    yield "many-to-one", changed(
        {(layer, i): borrowed(head(0, 1)) for layer in (1, 2, 3) for i in every if (layer + i) % 2})
    yield "same-layer", changed(
        {(0, 1): borrowed(head(0, 0)), (2, 0): borrowed(head(2, last)), (2, 1): borrowed(head(2, last))})
    yield "blended", changed({
        (1, 0): borrowed(head(0, 0, 0.75), head(0, 1, 0.5), head(0, last, -0.25)),
        (2, 1): borrowed(head(2, 0, 0.5), head(0, 2, 0.25), pattern("identity", 0.125)),
        (3, 0): borrowed(pattern("previous", 0.5), pattern("next", 0.25), pattern("mean", 0.25))})
    names = ["identity", "previous", "next", "first", "mean"]
    yield "static", changed({(1 + i % 3, i % heads): borrowed(pattern(name)) for i, name in enumerate(names)})
    yield "one key", changed({(0, 1): HARD, (2, 0): HARD, (2, 1): borrowed(head(0, 1)), (3, last): HARD})
    yield "points", changed({
        (1, 0): borrowed(pattern("next", 0.3), pattern("previous", 0.7)),
        (2, 1): borrowed(pattern("identity", 0.3), pattern("first", 0.7))})
    yield "dropped", changed({(0, 0): DROPPED, (1, last): DROPPED, **{(3, i): DROPPED for i in every}})
    random = np.random.RandomState(SEED)
    mixed, roots = {}, [(0, i) for i in every]
    for layer in range(1, layers):
        for i in every:
            if random.rand() < 0.4:
                roots.append((layer, i))
                continue
            picks = [roots[random.randint(len(roots))] for _ in range(random.randint(1, 3))]
            terms = {pick: head(*pick, weight=random.randint(1, 64) / 64 - 0.25 or 1) for pick in picks}
            static = borrowed(pattern(random.choice(names)))
            mixed[layer, i] = random.choice([DROPPED, borrowed(*terms.values()), static])
    yield "everything", changed(mixed)


def check_pictures(binary, path, name, *options):
    """A model of pictures whose tokens are merged, or whose inputs leave at exits: which ones, and what comes out."""
    pictures = command.ROOT / "fixtures/vit"
    try:
        path.unlink(missing_ok=True)
        command.call(binary, "convert", pictures, "--calibration", pictures / "calibration.npz", *options,
                     "-o", path)
        with np.load(pictures / "calibration.npz") as file:
            inputs = {"image": file["image"][:100]}
        model = reuse_h5.Model(path)
        ours = model.run(inputs)
        theirs = command.run(binary, path, inputs, dump="logits,pooled")
        if ours.keys() != theirs.keys():
            raise RuntimeError(f"{sorted(ours)} against {sorted(theirs)}")
        worst = max(command.visible_difference(key, ours[key], theirs[key], None) for key in ours)
        return name, f"{len(model.tensors)} | {worst:.1e} | –", worst > TOLERANCE
    except (RuntimeError, reuse_h5.Damaged, OSError, KeyError) as error:
        return name, f"– | {error} | –", True


def write_plan(path, sources):
    layers = [{"node": node(i), "heads": heads} for i, heads in enumerate(sources)]
    path.write_text(json.dumps({"version": 1, "budget": "maps:1/3", "layers": layers}))


def expected(source):
    """What the file should say of a head: the weight of a single term is folded into the head's values."""
    terms = source.get("terms", [])
    return {**source, "terms": [{**terms[0], "weight": 1}]} if len(terms) == 1 else source


def check_sources(model, sources):
    """The file's graph says what the plan said (none of our plans has a chain to be resolved)."""
    attention = [n["operation"] for n in model.graph["nodes"] if n["operation"]["kind"] == "attention"]
    for layer, (wanted, operation) in enumerate(zip(sources, attention)):
        for index, (one, other) in enumerate(zip(map(expected, wanted), operation["heads"])):
            if one["source"] != other["source"] or one.get("terms") != other.get("terms"):
                raise RuntimeError(f"{node(layer)}#{index}: {other} instead of {one}")


def check_bits(model, inputs, theirs):
    """Computed in the order of docs/arithmetic.md, every output has the command's bits."""
    for name, ours in model.run(inputs, is_exact=True).items():
        if name not in theirs and "attentions" in name:
            continue
        different = np.count_nonzero(ours.view(np.uint32) != theirs[name].view(np.uint32))
        if different:
            raise RuntimeError(f"{name}: {different} of {ours.size} numbers have other bits")


def check_other(binary, folder, options, path):
    """Bits of a model that reuse_h5.py knows in exact mode only."""
    checkpoint, more = samples.checkpoints(folder)[0]
    command.call(binary, "convert", checkpoint, *more, *options, "-o", path)
    inputs = samples.reference(folder).inputs
    check_bits(reuse_h5.Model(path), inputs, command.run(binary, path, inputs))


def check_flips(binary, path, inputs):
    """Any damaged byte is an error of both readers; bytes are chosen over the whole file and in its first block."""
    original = path.read_bytes()
    random = np.random.RandomState(SEED)
    places = [0, 9, 40, 300, 600, len(original) - 1, *random.randint(0, len(original), FLIPS)]
    damaged, given = path.with_name("damaged.reuse.h5"), path.with_name("in.npz")
    np.savez(given, **inputs)
    for place in places:
        contents = bytearray(original)
        contents[place] ^= 1 << random.randint(8)
        damaged.write_bytes(contents)
        try:
            reuse_h5.Model(damaged)
            raise RuntimeError(f"reuse_h5.py accepts a flipped byte at {place}")
        except (reuse_h5.Damaged, OSError):
            pass
        command_line = [binary, "run", damaged, "--inputs", given, "--dump", "hidden",
                        "-o", path.with_name("out.npz"), "--force"]
        done = subprocess.run(list(map(str, command_line)), capture_output=True, text=True)
        if done.returncode != 5:
            raise RuntimeError(f"run with a flipped byte at {place} ends with {done.returncode}: {done.stderr}")
    return len(places)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary")
    parser.add_argument("model", nargs="?", type=pathlib.Path, default=command.ROOT / "fixtures/encoder")
    parser.add_argument("calibration", nargs="?", type=pathlib.Path)
    options = parser.parse_args()
    binary = command.find(options.binary)
    calibration = options.calibration or options.model / "calibration.txt"
    config = json.loads((options.model / "config.json").read_text())
    with np.load(options.model / "reference.npz") as file:
        inputs = {name: file[name] for name in ("input_ids", "attention_mask", "token_type_ids")}
    failures = 0
    print("| plan | healing | stored | tensors read | largest difference | bits |")
    print("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        plan, texts, path = scratch / "plan.json", scratch / "texts.txt", scratch / "model.reuse.h5"
        # What is learned from the texts does not matter here, only that file and outputs agree.
        lines = calibration.read_text(encoding="utf-8").splitlines(keepends=True)
        texts.write_text("".join(lines[:CALIBRATION_LINES]), encoding="utf-8")
        for number, (name, sources) in enumerate(plans(config["num_hidden_layers"], config["num_attention_heads"])):
            # Healing refits output projections around whatever the plan left: one case of it is enough here.
            healing = "closed" if name == "everything" else "none"
            compression = ("none", "zstd")[number % 2]
            try:
                write_plan(plan, sources)
                path.unlink(missing_ok=True)
                command.call(binary, "convert", options.model, "--plan", plan, "--calibration", texts,
                             "--heal", healing, "--compress", compression, "-o", path)
                model = reuse_h5.Model(path)
                check_sources(model, sources)
                ours, theirs = model.run(inputs), command.run(binary, path, inputs)
                if missing := ours.keys() - theirs.keys():
                    raise RuntimeError(f"not in the command's outputs: {sorted(missing)}")
                mask = inputs["attention_mask"]
                worst = max(command.visible_difference(key, ours[key], theirs[key], mask) for key in ours)
                check_bits(model, inputs, theirs)
                # Maps that nobody asks for are not made where they need not be.
                check_bits(model, inputs, command.run(binary, path, inputs, dump="hidden,logits,pooled"))
                result, failed = f"{len(model.tensors)} | {worst:.1e} | equal", worst > TOLERANCE
            except (RuntimeError, reuse_h5.Damaged, OSError, KeyError) as error:
                result, failed = f"– | {error} | –", True
            failures += failed
            print(f"| {name} | {healing} | {compression} | {result} |{' FAILED' if failed else ''}", flush=True)
        for name, (arguments, difference, tolerance) in CONVERSIONS.items():
            try:
                path.unlink(missing_ok=True)
                command.call(binary, "convert", options.model, "--calibration", texts, *arguments, "-o", path)
                model = reuse_h5.Model(path)
                ours, theirs = model.run(inputs), command.run(binary, path, inputs)
                mask = inputs["attention_mask"]
                worst = max(difference(key, ours[key], theirs[key], mask) for key in ours)
                check_bits(model, inputs, theirs)
                result, failed = f"{len(model.tensors)} | {worst:.1e} | equal", worst > tolerance
            except (RuntimeError, reuse_h5.Damaged, OSError, KeyError) as error:
                result, failed = f"– | {error} | –", True
            failures += failed
            print(f"| {name} | none | zstd | {result} |{' FAILED' if failed else ''}", flush=True)
        print("\n| fixture | options | bits |\n| --- | --- | --- |")
        for name, arguments, needs_texts in OTHERS if options.calibration is None else []:
            arguments = arguments + ["--calibration", texts] * needs_texts
            other = scratch / "other.reuse.h5"
            try:
                other.unlink(missing_ok=True)
                check_other(binary, command.ROOT / "fixtures" / name, arguments, other)
                result, failed = "equal", False
            except (RuntimeError, reuse_h5.Damaged, OSError, KeyError, NotImplementedError) as error:
                result, failed = error, True
            failures += failed
            shown = " ".join(map(str, arguments[:2]))
            print(f"| {name} | {shown} | {result} |{' FAILED' if failed else ''}", flush=True)
        if path.exists():
            try:
                print(f"\n{check_flips(binary, path, inputs)} flipped bytes: each noticed by both readers")
            except RuntimeError as error:
                failures += 1
                print(f"\nFAILED: {error}")
        for name, *options in (("merged tokens, of pictures", "--budget", "macs:25%@1", "--allow", "tokens"),
                               ("exits, of pictures", "--exits", "99%")):
            name, result, failed = check_pictures(binary, path, name, *options)
            failures += failed
            print(f"| {name} | none | zstd | {result} |{' FAILED' if failed else ''}", flush=True)
    if failures:
        sys.exit(f"interop: {failures} checks failed")


main()
