"""A .reuse.h5 as a folder that stock classes of transformers load, run by them before it is kept."""

from __future__ import annotations

import json
import os
import shutil
import struct
import tempfile
from typing import Any, Dict, List, Optional, Set

import numpy as np

from .. import errors
from .._commands import run
from . import comparison
from .reuse_file import ReuseFile
from .stock_weights import stock_weights

_WEIGHTS = (".safetensors", ".bin", ".h5", ".msgpack", ".onnx", ".pt", ".pth", ".gguf", ".keras")
_TYPES = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I64": np.int64, "I32": np.int32, "I16": np.int16,
          "I8": np.int8, "U8": np.uint8, "BOOL": np.bool_}


def to_safetensors(model: "str | os.PathLike[str]", output: "str | os.PathLike[str]", *,
                   source: "str | os.PathLike[str]", force: bool = False,
                   inputs: Optional[Dict[str, np.ndarray]] = None) -> float:
    """Writes a .reuse.h5 in the layout of the Hugging Face folder that it was converted from; the largest difference
    between transformers, running the stock class that the folder names, and our own runtime.

    ``source`` is that folder, with safetensors files: its names, its other files and its configuration are kept. Stock
    classes hold refitted weights, dropped heads (their rows of the output projection are zeros), and matrices of 8 and
    4 bits as 32-bit ones; a head that borrows its map, and inputs that are rounded while the model runs, are refused
    with the node's name. A difference above 1e-4 raises ``GateFailed`` and leaves no folder."""
    model, output, source = (os.fspath(path) for path in (model, output, source))
    if os.path.lexists(output) and not force:
        raise errors.FileProblem("%s: exists already; force=True overwrites it" % output)
    if os.path.lexists(output) and not os.path.isdir(output):
        raise errors.FileProblem("%s: is a file, not a folder" % output)
    _engine()
    file = ReuseFile(model)
    listing = json.loads(run(["inspect", source, "--json"]).stdout)
    if listing.get("dialect") != "safetensors":
        raise errors.Unsupported("%s: its dialect is %s; stock classes load safetensors folders" % (
            source, listing.get("dialect")))
    with tempfile.TemporaryDirectory() as scratch:
        original = _unchanged(file, source, os.path.join(scratch, "source.reuse.h5"))
    changed = stock_weights(file, original)
    parent = os.path.dirname(os.path.abspath(output))
    part = tempfile.mkdtemp(dir=parent, prefix=".")
    try:
        _write(part, source, listing["tensors"], original, changed)
        names = {output["name"] for output in file.graph["outputs"]}
        found = comparison.judged(file, "transformers", _transformers(part, names), inputs)
        os.chmod(part, 0o755)
        if os.path.isdir(output):
            old = tempfile.mkdtemp(dir=parent, prefix=".")
            os.replace(output, os.path.join(old, "replaced"))
            os.replace(part, output)
            shutil.rmtree(old)
        else:
            os.replace(part, output)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return found


def _engine() -> Any:
    try:
        import torch  # noqa: F401
        import transformers
    except ImportError as error:
        raise errors.UsageError("to_safetensors runs what it writes in transformers before it keeps it: "
                                "pip install reuseformer[transformers]") from error
    return transformers


def _unchanged(file: ReuseFile, source: str, path: str) -> ReuseFile:
    """The source as a .reuse.h5 of its own: every tensor in our layout."""
    for entry in (file.manifest.get("plan") or {}).get("linear", []):
        raise errors.Unsupported(
            "%s: one matrix stands in for its attention, which no stock class does" % entry["node"])
    layers = [{"node": node["name"], "heads": [{"source": "computed"}] * len(node["operation"]["heads"])}
              for node in file.attentions]
    plan = path + ".json"
    with open(plan, "w", encoding="utf-8") as target:
        json.dump({"version": 1, "budget": "0", "layers": layers}, target)
    run(["convert", source, "--plan", plan, "--heal", "none", "--compress", "none", "--output", path, "--quiet"])
    original = ReuseFile(path)
    weights = [entry["sha256"] for entry in original.manifest["provenance"]["files"] if "config" not in entry["name"]]
    known = [entry["sha256"] for entry in file.manifest["provenance"]["files"]]
    if not set(weights) <= set(known):
        raise errors.UsageError("%s: %s was not converted from these weights" % (source, file.path))
    return original


def _write(folder: str, source: str, tensors: List[Dict[str, Any]], original: ReuseFile,
           changed: Dict[str, np.ndarray]) -> None:
    """The source's files, with what has changed in its weights."""
    shutil.copytree(source, folder, dirs_exist_ok=True,
                    ignore=lambda at, names: [name for name in names if name.endswith(_WEIGHTS)])
    files = {entry["file"] for entry in tensors}
    uses = {(entry["file"], entry["name"]): entry["use"] for entry in tensors}
    left = set(changed)
    contents = {name: _read(os.path.join(source, name)) for name in files}
    #: Stored tensors that have changed: what they were and what they are.
    new: List[Any] = []
    for name, stored in contents.items():
        for tensor, (kind, value) in list(stored.items()):
            parts = (uses.get((name, tensor)) or "").split(", ")
            if any(part in changed for part in parts):
                stored[tensor] = ("F32", _laid_out(tensor, value, parts, original, changed))
                new.append((value, stored[tensor]))
                left -= set(parts)
    for name, stored in contents.items():
        for tensor, (kind, value) in list(stored.items()):
            if uses.get((name, tensor)) == "a copy of another tensor":
                stored[tensor] = next((now for old, now in new if np.array_equal(old, value)), (kind, value))
        if changed and any(kind in ("F16", "BF16") for kind, _ in stored.values()):
            stored = {tensor: ("F32", value.astype(np.float32)) if kind in ("F16", "BF16") else (kind, value)
                      for tensor, (kind, value) in stored.items()}
            _say_float32(os.path.join(folder, "config.json"))
        os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
        _store(os.path.join(folder, name), stored)
    if left:
        raise errors.Unsupported("%s: has changed, and no stored tensor of the source holds it" % sorted(left)[0])


def _laid_out(tensor: str, value: np.ndarray, parts: List[str], original: ReuseFile,
              changed: Dict[str, np.ndarray]) -> np.ndarray:
    """The changed parameters as the stored tensor has them: side by side, or with its axes exchanged."""
    if not all(part in original.tensors for part in parts):
        raise errors.Unsupported("%s: is stored together with what is none of the model's" % parts[0])
    before = [original.tensors[part].astype(np.float32) for part in parts]
    after = [changed.get(part, old) for part, old in zip(parts, before)]
    node = next(node for node in original.graph["nodes"] if node["name"] == parts[0].rsplit("/", 1)[0])
    heads = len(node["operation"].get("heads", [0]))

    def by_head(arrays: List[np.ndarray]) -> np.ndarray:
        """Query, key and value of each head side by side."""
        split = [array.reshape(*array.shape[:-1], heads, -1) for array in arrays]
        return np.concatenate(split, -1).reshape(*arrays[0].shape[:-1], -1)

    for lay in (lambda arrays: np.concatenate(arrays, -1), lambda arrays: np.concatenate(arrays, -1).T,
                by_head, lambda arrays: by_head(arrays).T):
        try:
            if np.array_equal(lay(before), value.astype(np.float32)):
                return np.ascontiguousarray(lay(after), np.float32)
        except ValueError:  # extents that do not stand side by side
            continue
    raise errors.Unsupported("%s: has changed, and is stored in %s in a layout of the source's own" % (
        parts[0], tensor))


def _say_float32(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
    for key in ("dtype", "torch_dtype"):
        if key in config:
            config[key] = "float32"
    with open(path, "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


def _read(path: str) -> Dict[str, Any]:
    """Type and numbers of each tensor of a safetensors file; our own program has checked its header."""
    with open(path, "rb") as file:
        size, = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(size))
        data = file.read()
    result = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        first, last = entry["data_offsets"]
        kind = entry["dtype"]
        if kind == "BF16":
            upper = np.frombuffer(data[first:last], np.uint16).astype(np.uint32) << 16
            value = upper.view(np.float32)
        elif kind in _TYPES:
            value = np.frombuffer(data[first:last], _TYPES[kind])
        else:
            raise errors.Unsupported("%s: %s holds %s" % (path, name, kind))
        result[name] = (kind, value.reshape(entry["shape"]))
    return result


def _store(path: str, tensors: Dict[str, Any]) -> None:
    header: Dict[str, Any] = {"__metadata__": {"format": "pt"}}
    pieces, at = [], 0
    for name, (kind, value) in sorted(tensors.items()):
        if kind == "BF16":
            piece = (np.ascontiguousarray(value).view(np.uint32) >> 16).astype(np.uint16).tobytes()
        else:
            piece = np.ascontiguousarray(value, _TYPES[kind]).tobytes()
        header[name] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [at, at + len(piece)]}
        pieces.append(piece)
        at += len(piece)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for piece in pieces:
            file.write(piece)


def _transformers(folder: str, wanted: Set[str]) -> comparison.Engine:
    """The stock class that the folder names, in 32 bits; its base class where the weights have no head of it."""
    import torch

    transformers = _engine()
    config = transformers.AutoConfig.from_pretrained(folder)
    names = getattr(config, "architectures", None) or []
    kind = getattr(transformers, names[0], None) if names else transformers.AutoModel
    if kind is None:
        raise errors.Unsupported("%s: this transformers has no class %s" % (folder, names[0]))
    if not wanted & set(_HEADS):
        kind = transformers.AutoModel if hasattr(kind, "base_model_prefix") and any(
            kind.__name__.endswith(suffix) for suffix in ("LM", "Classification", "Answering", "Choice", "Training",
                                                          "HeadModel", "Prediction", "Generation")) else kind
    stock = kind.from_pretrained(folder, dtype=torch.float32, local_files_only=True).eval()

    def call(inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
        given = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in inputs.items()}
        with torch.no_grad():
            found = stock(**given, return_dict=True)
        return {name: found[name].numpy() for name in (*_STATES, *_HEADS)
                if name in wanted and isinstance(found.get(name), torch.Tensor)}

    return call


#: Outputs that go by one name in both.
_STATES = ("last_hidden_state", "encoder_last_hidden_state", "pooler_output", "text_embeds", "image_embeds")
_HEADS = ("logits", "start_logits", "end_logits", "prediction_logits", "seq_relationship_logits")
