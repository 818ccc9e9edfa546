"""What goes wrong, by what can be done about it. Each class stands for an exit status of the command."""

from __future__ import annotations

from typing import Any, Dict, Optional


class ReuseformerError(Exception):
    """Anything that the programs refuse or fail at. ``exit_status`` is the command's."""

    exit_status = 1


class Defect(ReuseformerError):
    """A defect of reuseformer or of its installation, whatever the input."""


class UsageError(ReuseformerError, ValueError):
    """The request is wrong: an option, a plan, a budget, data that the model does not read."""

    exit_status = 2


class GateFailed(ReuseformerError):
    """A gate of ``verify`` failed. ``report`` is the whole document."""

    exit_status = 3

    def __init__(self, message: str, report: Optional[Dict[str, Any]] = None):
        super().__init__(message)
        self.report: Dict[str, Any] = {} if report is None else report


class Unsupported(ReuseformerError):
    """The model was recognised, but it asks for something that is not handled, or that nobody settled."""

    exit_status = 4


class CorruptFile(ReuseformerError):
    """A file contradicts itself, is damaged or hostile."""

    exit_status = 5


class FileProblem(ReuseformerError, OSError):
    """A file is not found, may not be read or written, or the disk is full."""

    exit_status = 6


class Interrupted(ReuseformerError):
    """The work was interrupted. Nothing half-written is left."""

    exit_status = 130


class WorkerDied(ReuseformerError):
    """The process behind a model ended in the middle of a call. The next call starts another one."""


class ModelNote(UserWarning):
    """What was assumed about a model, or is not done as one of its files asks."""


class TextsCut(UserWarning):
    """Texts were longer than the model reads; what follows was left out."""


_BY_STATUS = {
    kind.exit_status: kind
    for kind in (Defect, UsageError, GateFailed, Unsupported, CorruptFile, FileProblem, Interrupted)
}
_BY_KIND = {
    "usage": UsageError,
    "unsupported": Unsupported,
    "corrupt": CorruptFile,
    "inputOutput": FileProblem,
    "defect": Defect,
    "cancelled": Interrupted,
}


def of_status(status: int, message: str) -> ReuseformerError:
    """The error for an exit status of the command."""
    if status < 0:
        return Interrupted(message or "the program was ended by signal %d" % -status)
    return _BY_STATUS.get(status, Defect)(message)


def of_kind(kind: str, message: str) -> ReuseformerError:
    """The error for a kind that a worker names."""
    return _BY_KIND.get(kind, Defect)(message)
