"""What a stock class has to hold to compute what a converted model computes."""

from __future__ import annotations

from typing import Any, Dict, Optional

import numpy as np

from .. import errors
from .reuse_file import ReuseFile


def stock_weights(file: ReuseFile, original: ReuseFile) -> Dict[str, np.ndarray]:
    """The parameters that have changed, by their name in the source, with the source's extents.

    Refused with the node's name: maps that are borrowed, rounded inputs, nodes that the source does not have."""
    _refuse_what_stock_classes_lack(file)
    nodes = {node["name"]: node for node in original.graph["nodes"]}
    if list(nodes) != [node["name"] for node in file.graph["nodes"]]:
        odd = next(node["name"] for node in file.graph["nodes"] if node["name"] not in nodes)
        raise errors.Unsupported("%s: a node that the source does not have" % odd)
    result: Dict[str, np.ndarray] = {}
    seen: Dict[str, np.ndarray] = {}
    for node in file.graph["nodes"]:
        source = nodes[node["name"]]
        known = _parameters(original, source)
        for name in _parameters(file, node):
            if name not in known and not name.endswith(("_scale", "smoothing")):
                raise errors.Unsupported("%s: has %s, which the stock class does not%s" % (
                    node["name"], name, ": the mean of dropped heads" if name == "output_bias" else ""))
        for name in known:
            owner, stored, is_transposed = original.stored(source, name)
            if stored is None or is_transposed:
                # What is transposed here is compared where it stands as it is stored.
                _check_tie(file, node, name, owner)
                continue
            before = original.parameter(source, name)
            after = _whole(node, source, name, file.parameter(node, name), before)
            if owner in seen and not np.array_equal(seen[owner], after):
                raise errors.Unsupported("%s/%s: layers that share it in the source no longer do" % (
                    node["name"], name))
            seen[owner] = after
            if not np.array_equal(before, after):
                result[owner] = after
    return result


def _refuse_what_stock_classes_lack(file: ReuseFile) -> None:
    for node in file.graph["nodes"]:
        for name, precision in node.get("precisions", {}).items():
            if node["operation"]["kind"] != "embedding" and precision["kind"] in ("int8", "bfloat16"):
                raise errors.Unsupported("%s: the inputs of its %s are rounded (%s), which no stock class does" % (
                    node["name"], name, precision["kind"]))
    for node in file.attentions:
        scaling = (node["operation"].get("positions") or {}).get("scaling") or {}
        if scaling.get("kind") in ("dynamic", "long") and scaling.get("short", 0) != scaling.get("long", 1):
            raise errors.Unsupported("%s: its rotary positions change with a text's length, and stock classes look at "
                                     "the longest text of a batch" % node["name"])
        borrowing = [str(at) for at, head in enumerate(node["operation"]["heads"]) if head["source"] == "borrowed"]
        if any(head["source"] == "hard" for head in node["operation"]["heads"]):
            raise errors.Unsupported("%s: has heads that look at one key, which no stock class does" % node["name"])
        if borrowing:
            raise errors.Unsupported("%s: head%s %s borrow%s a map, which no stock class does" % (
                node["name"], "s" * (len(borrowing) > 1), ", ".join(borrowing), "" if len(borrowing) > 1 else "s"))


def _parameters(file: ReuseFile, node: Dict[str, Any]):
    own = [name[len(node["name"]) + 1:] for name in file.tensors
           if name.startswith(node["name"] + "/") and "/" not in name[len(node["name"]) + 1:]]
    return sorted(set(own) | set(node.get("ties", {})))


def _check_tie(file: ReuseFile, node: Dict[str, Any], name: str, owner: str) -> None:
    if file.stored(node, name)[0] != owner:
        raise errors.Unsupported("%s/%s: is tied to %s in the source, and no longer is" % (node["name"], name, owner))


def _whole(node: Dict[str, Any], source: Dict[str, Any], name: str, after: Optional[np.ndarray],
           before: np.ndarray) -> np.ndarray:
    """A parameter with the source's extents: what was left out gives nothing."""
    if node["operation"]["kind"] == "attention":
        return _whole_attention(node["operation"], source["operation"], name, after, before)
    if after is None:
        raise errors.Unsupported("%s: has no %s, which the source has" % (node["name"], name))
    if after.shape == before.shape:
        return after
    if node["operation"]["kind"] != "linear" or any(new > old for new, old in zip(after.shape, before.shape)):
        raise errors.Unsupported("%s/%s: has the shape %s, and %s in the source" % (
            node["name"], name, after.shape, before.shape))
    # Neurons that are no longer there: zeros in, zeros out.
    return np.pad(after, [(0, old - new) for new, old in zip(after.shape, before.shape)])


def _widened(array: np.ndarray, size: int, wanted: int) -> np.ndarray:
    """Queries or keys of a lower rank with as many columns a head as the source's: columns of zeros add nothing."""
    parts = array.reshape(*array.shape[:-1], -1, size)
    whole = np.pad(parts, [(0, 0)] * (parts.ndim - 1) + [(0, wanted - size)])
    return np.ascontiguousarray(whole.reshape(*array.shape[:-1], -1))


def _whole_attention(operation: Dict[str, Any], source: Dict[str, Any], name: str, after: Optional[np.ndarray],
                     before: np.ndarray) -> np.ndarray:
    heads, groups = operation["heads"], operation["groupCount"]
    part, widths = name.rsplit("_", 1)[0], (operation["headSize"], source["headSize"])
    if part in ("query", "key") and after is not None and widths[0] < widths[1]:
        after = _widened(after, *widths)
        operation = {**operation, "headSize": widths[1]}
    kept = [head for head, part in enumerate(heads) if part["source"] != "dropped"]
    if name == "output_bias" or len(kept) == len(heads):
        return before if after is None else after
    group = [head * groups // len(heads) for head in range(len(heads))]
    kept_groups = sorted({group[head] for head in kept})
    if part in ("query", "position_query") or name == "position_bias":
        chosen, size = kept, 1 if name == "position_bias" else operation["headSize"]
    elif part in ("key", "position_key"):
        chosen, size = kept_groups, operation["headSize"]
    elif part == "value":
        chosen, size = kept_groups, operation["valueSize"]
    elif name == "output_weight":
        chosen, size = kept, operation["valueSize"]
    else:
        return before if after is None else after
    axis = 0 if name == "output_weight" else -1
    # Dropped heads keep the source's queries, keys and values: their rows of the output projection are zeros.
    result = np.zeros_like(before) if name == "output_weight" else before.copy()
    columns = np.concatenate([np.arange(at * size, (at + 1) * size) for at in chosen]) if chosen else []
    if after is not None and len(columns):
        if axis == 0:
            result[columns] = after
        else:
            result[..., columns] = after
    return result
