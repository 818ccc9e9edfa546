"""An export of a model that rounds while it runs, judged one rounding at a time.

Numbers that differ in their last bits round to different neighbours now and then, and what follows from that says
nothing of the operators. So the exact export, whose every bit is our runtime's, says what each input of a product is
rounded to; the export goes on with that at each product, and says what it would have made of its own numbers."""

from __future__ import annotations

from typing import Any, Dict, Optional, Tuple

import numpy as np

from .. import errors
from . import comparison
from .exact import SMALLEST_BFLOAT16
from .exact_graph import ExactExporter
from .graph import GraphExporter
from .onnx_engine import onnx_engine
from .onnx_writer import OnnxWriter
from .reuse_file import ReuseFile

#: Of the inputs of one product, how many may round to another neighbour.
OTHERWISE = 0.02
#: What lies between two neighbours: a number, and a part of their size.
STEPS = {"int8": (1.0, 0.0), "bfloat16": (0.0, 2.0**-7), "float8_e4m3": (2.0**-9, 2.0**-3)}


class Lesson:
    """The exact export with what it rounds to, and the export that is given that."""

    def __init__(self, file: ReuseFile, teacher: OnnxWriter, opset: int) -> None:
        self.file = file
        self.decisions: Dict[str, Any] = {}
        pupil = OnnxWriter(opset)
        GraphExporter(file, pupil, self.decisions, is_taught=True)
        for label, (value, _) in self.decisions.items():
            pupil.show(label, value)
        self.teacher, self.pupil = [onnx_engine(writer.model(False).SerializeToString()) for writer in (teacher, pupil)]

    @staticmethod
    def of(file: ReuseFile, opset: int) -> Optional["Lesson"]:
        """``None`` where the model has no exact form to learn from."""
        teacher = OnnxWriter(opset)
        decisions: Dict[str, Any] = {}
        try:
            ExactExporter(file, teacher, decisions)
        except errors.Unsupported:
            return None
        for label, (value, _) in decisions.items():
            teacher.show(label, value)
        return Lesson(file, teacher, opset)

    def judged(self, engine: comparison.Engine, inputs: Optional[Dict[str, np.ndarray]]) -> float:
        """How far the export is from our runtime where both round alike; raises where that is too far, and where it
        would round to anything but the same number or, now and then, its neighbour. ``engine`` runs the export as it
        will be kept."""
        batches = [inputs] if inputs else comparison.made_up_inputs(self.file)
        return max(self._judged(engine, given) for given in batches)

    def _judged(self, engine: comparison.Engine, inputs: Dict[str, np.ndarray]) -> float:
        file, expected = self.file, comparison.wanted_outputs(self.file, inputs)
        found = comparison.difference(file, OnnxWriter.engine, engine(inputs), inputs, expected)
        comparison.gate(file, OnnxWriter.engine, found, comparison.ROUNDED_BATCH_TOLERANCE)
        outputs, right = _parted(self.teacher(inputs))
        found = comparison.difference(file, OnnxWriter.engine, outputs, inputs, expected, is_relative=False)
        comparison.gate(file, OnnxWriter.engine, found, comparison.TOLERANCE)
        outputs, own = _parted(self.pupil({**inputs, **{"given/" + label: right[label] for label in self.decisions}}))
        for label, numbers in own.items():
            self._check(label, self.decisions[label][1], numbers, right[label])
        found = comparison.difference(file, OnnxWriter.engine, outputs, inputs, expected, is_relative=False)
        comparison.gate(file, OnnxWriter.engine, found, comparison.TOLERANCE)
        return found

    def _check(self, label: str, kind: str, own: np.ndarray, right: np.ndarray) -> None:
        away = np.abs(own.astype(np.float64) - right)
        away[away < 2 * SMALLEST_BFLOAT16] = 0
        least, part = STEPS[kind]
        if kind != "int8":  # sums of large numbers may be small, and have many steps in what float32 leaves open
            open_bits = comparison.TOLERANCE * max(1.0, float(np.sqrt(np.mean(np.square(right, dtype=np.float64)))))
            least += open_bits
            away[away < open_bits / 100] = 0
        steps = away / (least + part * np.maximum(np.abs(right), np.abs(own)))
        count = int(np.count_nonzero(away))
        if not steps.max(initial=0) <= 1 or count > 3 + OTHERWISE * away.size:
            raise errors.GateFailed("%s: %s rounds %d of %d inputs of %s otherwise than our runtime, by up to %.3g "
                                    "steps" % (self.file.path, OnnxWriter.engine, count, away.size, label.rstrip("_/"),
                                               steps.max(initial=0)))


def _parted(found: Dict[str, np.ndarray]) -> Tuple[Dict[str, np.ndarray], Dict[str, np.ndarray]]:
    """Outputs of the model, and what is shown beside them."""
    return ({name: value for name, value in found.items() if not name.startswith("shown/")},
            {name[len("shown/"):]: value for name, value in found.items() if name.startswith("shown/")})
