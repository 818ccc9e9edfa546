"""Whether the reuse encoder of the TF Model Garden can say a plan, and in which order its heads stand then.

A layer of it reuses the first maps that the layer below hands on: those that this one computed, then those that it
reused itself, as they are."""

from __future__ import annotations

from typing import Any, Dict, List, Tuple

from .. import errors

Map = Tuple[str, int]


class LayerOrder:
    """The heads of one layer in the order of the reuse encoder."""

    def __init__(self, new: List[int], reused: List[int]):
        #: Heads that compute a map, then heads that take one from the layer below, in the order of what it hands on.
        self.new, self.reused = new, reused


def head_orders(layers: List[Dict[str, Any]]) -> List[LayerOrder]:
    """The order of each layer's heads; dropped heads are left out. Refused with the node's name where a head needs what
    the form does not have."""
    wanted = [_maps(layer) for layer in layers]
    for index, (layer, heads) in enumerate(zip(layers, wanted)):
        below = set(wanted[index - 1].values()) if index else set()
        borrowed = [map for head, map in heads.items() if map[0] != layer["name"]]
        if len(set(borrowed)) != len(borrowed):
            _refuse(layer, "two heads read one map")
        for node, head in borrowed:
            if (node, head) not in below:
                _refuse(layer, "a head reads head %d of %s, which the layer below does not hand on" % (head, node))
        own = [map for map in heads.values() if map[0] == layer["name"]]
        if len(set(own)) != len(own):
            _refuse(layer, "a head reads the map of another head of its own layer")
    result: List[LayerOrder] = []
    handed: List[Map] = []
    for index, (layer, heads) in enumerate(zip(layers, wanted)):
        by_map = {map: head for head, map in heads.items()}
        taken = [map for map in by_map if map[0] != layer["name"]]
        if set(handed[:len(taken)]) != set(taken):
            _refuse(layer, "its reused maps are not the first ones that the layer below hands on")
        reused = [by_map[map] for map in handed[:len(taken)]]
        # What later layers take comes first, what they take for longest foremost.
        own = sorted((map for map in by_map if map[0] == layer["name"]), key=lambda map: (
            -_lifetime(map, wanted[index + 1:]), map[1]))
        result.append(LayerOrder([by_map[map] for map in own], reused))
        handed = own + handed[:len(taken)]
    return result


def _maps(layer: Dict[str, Any]) -> Dict[int, Map]:
    """The map that each kept head reads, by the head that computed it."""
    result: Dict[int, Map] = {}
    for head, source in enumerate(layer["operation"]["heads"]):
        if source["source"] == "dropped":
            continue
        if source["source"] == "hard":
            _refuse(layer, "head %d looks at one key only" % head)
        terms = source.get("terms", [{"node": layer["name"], "head": head}])
        if len(terms) != 1 or "pattern" in terms[0] or terms[0].get("weight", 1) != 1:
            _refuse(layer, "head %d reads a sum or a pattern" % head)
        result[head] = (terms[0]["node"], terms[0]["head"])
    return result


def _lifetime(map: Map, later: List[Dict[int, Map]]) -> int:
    """How many of the following layers in a row read a map."""
    count = 0
    for heads in later:
        if map not in heads.values():
            break
        count += 1
    return count


def _refuse(layer: Dict[str, Any], why: str) -> None:
    raise errors.Unsupported("%s: %s: the reuse encoder of the TF Model Garden cannot say it" % (layer["name"], why))
