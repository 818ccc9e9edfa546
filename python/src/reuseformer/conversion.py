"""Converting and verifying models: what the command does, with its documents as dictionaries."""

from __future__ import annotations

import contextlib
import json
import os
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

from . import errors
from ._commands import run

Path = Union[str, "os.PathLike[str]"]
Texts = Union[Path, Sequence[str]]


class Report(Dict[str, Any]):
    """The document that ``convert`` and ``verify`` write (schemas/report.schema.json)."""

    @property
    def metrics(self) -> Dict[str, float]:
        """Value of each metric, by its name; what is no number is NaN."""
        return {row["metric"]: _number(row.get("value")) for row in self.get("metrics", [])}

    @property
    def passed(self) -> bool:
        """Whether every gate held."""
        return all(gate.get("passed", False) for gate in self.get("gates", []))

    def table(self) -> List[Dict[str, Any]]:
        """One row a metric: ``pandas.DataFrame(report.table())``."""
        return [dict(row, value=_number(row.get("value"))) for row in self.get("metrics", [])]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else float("nan")


@contextlib.contextmanager
def _as_file(texts: Texts) -> Iterator[str]:
    """The path of texts: their own, or that of a file that is made of them."""
    if isinstance(texts, (str, os.PathLike)):
        yield os.fspath(texts)
        return
    import tempfile

    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8", newline="\n") as file:
        for index, text in enumerate(texts):
            if not isinstance(text, str):
                raise errors.UsageError("texts[%d]: a str is needed, not %s" % (index, type(text).__name__))
            # A file has one text a line.
            file.write(" ".join(text.splitlines()) + "\n")
        file.flush()
        yield file.name


def convert(model: Path, output: Path, calibration: Optional[Texts] = None, budget: Optional[str] = None, *,
            plan: Optional[Path] = None, threads: Optional[int] = None, force: bool = False,
            report: Optional[Path] = None, options: Sequence[str] = ()) -> Report:
    """Converts a model, and says what that gained and cost.

        >>> report = convert("bert/", "small.reuse.h5", calibration=texts, budget="1/3")
        >>> report.metrics["hidden.cosine.mean"]

    ``calibration`` is a file, a folder of pictures, or texts; without it weights are only stored in another form, or a
    ``plan`` is followed. ``options`` go to the command as they are: ``["--quantize", "int8"]``. Progress goes to
    standard error. A failure is the error of its exit status, and leaves no file."""
    with contextlib.ExitStack() as stack:
        arguments = ["convert", os.fspath(model), "--output", os.fspath(output), "--json"]
        if calibration is not None:
            arguments += ["--calibration", stack.enter_context(_as_file(calibration))]
        for name, value in (("--budget", budget), ("--plan", plan), ("--report", report), ("--threads", threads)):
            if value is not None:
                arguments += [name, str(value)]
        if force:
            arguments.append("--force")
        return Report(json.loads(run([*arguments, *options]).stdout))


def verify(source: Path, converted: Path, data: Texts, *, fail_on: Sequence[str] = (), threads: Optional[int] = None,
           report: Optional[Path] = None, junit: Optional[Path] = None, check: bool = True,
           options: Sequence[str] = ()) -> Report:
    """Compares a converted model with its source.

        >>> verify("bert/", "small.reuse.h5", data=heldout, fail_on=["hidden.cosine.mean<0.97"])

    Raises ``GateFailed`` (with the report) when a gate of ``fail_on`` fails, unless ``check`` is false."""
    with contextlib.ExitStack() as stack:
        arguments = ["verify", os.fspath(source), os.fspath(converted), "--json"]
        arguments += ["--data", stack.enter_context(_as_file(data))]
        for gate in fail_on:
            arguments += ["--fail-on", gate]
        for name, value in (("--report", report), ("--junit", junit), ("--threads", threads)):
            if value is not None:
                arguments += [name, str(value)]
        result = run([*arguments, *options], accepted=(0, 3))
    document = Report(json.loads(result.stdout))
    if result.returncode == 3 and check:
        failed = [gate for gate in document.get("gates", []) if not gate.get("passed", False)]
        names = "; ".join(str(gate.get("condition", gate)) for gate in failed)
        raise errors.GateFailed("a gate failed: %s" % (names or "see the report"), document)
    return document
