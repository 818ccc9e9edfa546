"""An export against our own runtime: both run the same inputs before a file is kept."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import numpy as np

from .. import errors
from .._commands import run
from .reuse_file import ReuseFile

#: Largest difference from our own runtime that an export may have: of numbers about 1, and of larger ones in proportion
#: to their root mean square, as float32 is.
TOLERANCE = 1e-4
#: The same for a model that rounds inputs of products while it runs (int8, bfloat16), relative to the outputs' size and
#: in the median of short texts: the last bits of what comes before decide now and then which of two neighbours a number
#: becomes, and all that follows from it. A wrong formula shows in every text.
ROUNDED_TOLERANCE = {"int8": 1e-3, "bfloat16": 1e-2, "float8_e4m3": 1e-3}
#: What whole batches of such a model may be apart, where such neighbours add up.
ROUNDED_BATCH_TOLERANCE = 0.25
_SHORT_TEXTS = 9

Engine = Callable[[Dict[str, np.ndarray]], Dict[str, np.ndarray]]


def judged(file: ReuseFile, engine: str, run_engine: Engine, inputs: Optional[Dict[str, np.ndarray]],
           limit: Optional[float] = None) -> float:
    """How far an engine is from our own runtime on ``inputs`` or on made-up ones; raises where that is too far.

    With a ``limit`` no output of any model may differ by more."""
    batches = [inputs] if inputs else made_up_inputs(file)
    if limit is not None:
        found = [difference(file, engine, run_engine(given), given, is_relative=False) for given in batches]
        gate(file, engine, max(found), limit)
        return max(found)
    found = [difference(file, engine, run_engine(given), given) for given in batches]
    if not file.roundings:
        gate(file, engine, max(found), TOLERANCE)
        return max(found)
    gate(file, engine, max(found), ROUNDED_BATCH_TOLERANCE)
    short = [_inputs(file.graph, [min(3, _bound(file))], seed) for seed in range(2, 2 + _SHORT_TEXTS)]
    usual = float(np.median([difference(file, engine, run_engine(given), given) for given in short]))
    gate(file, engine, usual, max(ROUNDED_TOLERANCE[kind] for kind in file.roundings))
    return usual


def made_up_inputs(file: ReuseFile) -> List[Dict[str, np.ndarray]]:
    """Random inputs: texts of several lengths, padded on the right, one of them long enough for windows and distances
    to matter; and one text alone."""
    graph, lengths = file.graph, [7, 12, 1, 9]
    longest = min(_bound(file), _reach(graph))
    if longest > 12:
        lengths.append(longest)
    lengths = [max(min(length, longest), 1) for length in lengths]
    return [_inputs(graph, lengths, seed=0), _inputs(graph, [min(5, longest)], seed=1)]


def _bound(file: ReuseFile) -> int:
    """Tokens that the model takes at most."""
    bounds = [(file.manifest.get("traits") or {}).get("maximumTokens") or 4096]
    for node in file.graph["nodes"]:
        operation = node["operation"]
        if operation["kind"] == "embedding" and operation.get("positions"):
            offset = operation["positions"]["offset"]
            bounds.append(operation["positions"]["count"] - offset)
        elif operation["kind"] == "table" and operation["isAlongInput"]:
            bounds.append(operation["count"] - (operation.get("offset") or 0))
    return min(bounds)


def _reach(graph: Dict[str, Any]) -> int:
    """A length at which windows, buckets and scaled positions show themselves; 300 at most."""
    wanted = [40]
    for node in graph["nodes"]:
        operation = node["operation"]
        if operation["kind"] == "attention":
            positions = operation.get("positions") or {}
            wanted.append((operation["mask"].get("window") or 0) + 9)
            wanted.append(positions.get("maximumDistance", 0) + 9)
            wanted.append(int((positions.get("scaling") or {}).get("length", 0)) + 9)
    return min(max(wanted), 300)


def _inputs(graph: Dict[str, Any], lengths: Sequence[int], seed: int) -> Dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    embeddings = [node for node in graph["nodes"] if node["operation"]["kind"] == "embedding"]
    vocabularies = {node["inputs"][0]: node["operation"]["vocabulary"] for node in embeddings}
    padding = {node["inputs"][0]: node["operation"].get("paddingID") for node in embeddings}
    padding.update({node["inputs"][0]: node["operation"]["ids"][0] for node in graph["nodes"]
                    if node["operation"]["kind"] == "token_mask" and node["operation"].get("isHiding")})
    kinds = {node["inputs"][1]: node["operation"]["types"] for node in embeddings if len(node["inputs"]) > 1}
    needed = {node["inputs"][0]: node["operation"]["ids"][:1] for node in graph["nodes"]
              if node["operation"]["kind"] == "token_mask" and not node["operation"].get("isHiding")}
    layouts = graph.get("inputLayouts") or {}
    pairs_of = {name for name, layout in layouts.items() if layout.get("isPairs")}
    choices = 2 if any(output.get("isOfChoices") for output in graph["outputs"]) else 0
    lengths = np.asarray(list(lengths) * max(choices, 1))
    longest = max(lengths)
    mask = (np.arange(longest) < lengths[:, None]).astype(np.int64)
    result: Dict[str, np.ndarray] = {}
    for name in graph["inputs"]:
        layout = layouts.get(name)
        if name == "decoder_attention_mask" and "decoder_input_ids" not in graph["inputs"]:
            continue
        rows = longest if layout is None or isinstance(layout["rows"], str) else layout["rows"]
        if name in vocabularies and (layout is None or layout["content"] == "ids"):
            low = min(5, vocabularies[name] - 1)
            ids = random.integers(low, vocabularies[name], (len(lengths), rows))
            for wanted in needed.get(name, []):
                # A head reads the place of such a token: each text ends with one.
                ids[np.arange(len(lengths)), np.minimum(lengths, rows) - 1] = wanted
            shown = mask[:, :rows] if rows <= longest else np.ones_like(ids)
            result[name] = np.where(shown == 1, ids, padding[name] or 0)
        elif name in pairs_of:
            result[name] = np.repeat(mask[:, None, :], longest, axis=1).astype(np.float32)
        elif layout is not None and layout["content"] == "numbers":
            grid = [longest if isinstance(extent, str) else extent for extent in layout.get("grid") or [layout["rows"]]]
            width = layout["width"]
            extents = [width, *grid] if layout.get("isChannelsFirst") else [*grid, width]
            result[name] = random.random((len(lengths), *extents), np.float32)
        elif name in kinds:
            result[name] = random.integers(0, kinds[name], mask.shape) * mask
        else:
            result[name] = mask if rows == longest else np.ones((len(lengths), rows), np.int64)
    if choices:
        result = {name: value.reshape(choices, -1, *value.shape[1:]).swapaxes(0, 1) for name, value in result.items()}
    return result


def wanted_outputs(file: "ReuseFile | str", inputs: Dict[str, np.ndarray]) -> Dict[str, np.ndarray]:
    """What our own runtime computes."""
    path = file if isinstance(file, str) else file.path
    with tempfile.TemporaryDirectory() as folder:
        given, wanted = os.path.join(folder, "in.npz"), os.path.join(folder, "out.npz")
        np.savez(given, **inputs)
        run(["run", path, "--inputs", given, "--dump", "hidden,logits,pooled", "-o", wanted, "--quiet"])
        with np.load(wanted) as arrays:
            return {name: arrays[name] for name in arrays.files}


def difference(file: ReuseFile, engine: str, found: Dict[str, np.ndarray], inputs: Dict[str, np.ndarray],
               expected: Optional[Dict[str, np.ndarray]] = None, is_relative: Optional[bool] = None) -> float:
    """Largest difference of any output where rows count; of a model that rounds its inputs, relative to its size."""
    is_relative = file.rounds_inputs if is_relative is None else is_relative
    expected = wanted_outputs(file, inputs) if expected is None else expected
    largest = 0.0
    for name, value in found.items():
        if name not in expected:
            raise errors.GateFailed("%s: our runtime has no output %s to compare with" % (file.path, name))
        wanted = expected[name]
        if wanted.shape != value.shape:
            raise errors.GateFailed("%s: %s has shape %s in %s and %s in our runtime" % (
                file.path, name, value.shape, engine, wanted.shape))
        shown = np.broadcast_to(_shown(name, inputs, value), value.shape)
        gap = (value.astype(np.float64) - wanted)[shown]
        # What is no number must be none in both.
        gap = gap[~(np.isnan(value[shown]) & np.isnan(wanted[shown]))]
        if not np.isfinite(gap).all():
            return float("inf")
        if is_relative:
            size = np.linalg.norm(wanted[shown].astype(np.float64))
            largest = max(largest, float(np.linalg.norm(gap) / max(size, 1e-12)))
        else:
            usual = np.sqrt(np.mean(np.square(wanted[shown], dtype=np.float64))) if shown.any() else 0.0
            largest = max(largest, float(np.abs(gap).max(initial=0)) / max(1.0, float(np.nan_to_num(usual))))
    if not found:
        raise errors.GateFailed("%s: no output could be compared with our runtime" % file.path)
    return largest


def gate(file: ReuseFile, engine: str, value: float, limit: float) -> None:
    if not value <= limit:
        raise errors.GateFailed("%s: %s differs from our runtime by %.3g, more than %g" % (
            file.path, engine, value, limit))


@contextlib.contextmanager
def kept_file(output: "str | os.PathLike[str]", suffix: str, force: bool) -> Iterator[str]:
    """A path beside the output that gets its name where nothing fails, and is removed else."""
    output = os.fspath(output)
    if os.path.exists(output) and not force:
        raise errors.FileProblem("%s: exists already; force=True overwrites it" % output)
    folder = os.path.dirname(os.path.abspath(output))
    try:
        handle, part = tempfile.mkstemp(dir=folder, prefix=".", suffix=suffix)
    except OSError as error:
        raise errors.FileProblem("%s: %s" % (output, error.strerror)) from error
    os.close(handle)
    try:
        yield part
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(part, 0o666 & ~mask)
        os.replace(part, output)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        raise


def _shown(name: str, inputs: Dict[str, np.ndarray], value: np.ndarray) -> np.ndarray:
    """Which elements of an output count: our runtime writes zeros where a mask hides a row."""
    for mask in ("decoder_attention_mask", "attention_mask"):
        if mask not in inputs or mask == "decoder_attention_mask" and name.startswith("encoder"):
            continue
        shown = inputs[mask] != 0
        if shown.ndim == 3:  # items of several texts, whose rows stand together
            shown = shown.reshape(-1, shown.shape[-1])
        if value.ndim >= 2 and shown.shape == value.shape[:2]:
            return shown.reshape(*shown.shape, *[1] * (value.ndim - 2))
    return np.ones((1,) * value.ndim, bool)
