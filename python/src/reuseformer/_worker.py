"""A process that holds a model, and the frames that are exchanged with it (docs/python.md)."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import threading
import weakref
from typing import IO, TYPE_CHECKING, Any, Dict, Generator, Iterator, List, Optional, Sequence, Tuple

from . import errors
from ._commands import last_message, program, show

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_HEADER = struct.Struct("<4sIQ")
_MAGIC = b"RFW1"
#: Memory grows with what has come, not with what a header promises.
_PIECE = 1 << 20
#: Seconds that a process has to leave by itself when its input is closed.
_PATIENCE = 2.0


class _Process:
    """A running worker, and the two pipes to it. Nothing is buffered here: a fork must not hold half a frame."""

    def __init__(self, command: Sequence[str]):
        # A session of its own: Ctrl-C is this program's, which then closes the pipe.
        self._popen = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       bufsize=0, start_new_session=True)
        assert self._popen.stdin and self._popen.stdout and self._popen.stderr
        self._input, self._output = self._popen.stdin, self._popen.stdout
        self.messages = _Messages(self._popen.stderr)

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def isAlive(self) -> bool:
        return self._popen.poll() is None

    def status(self) -> int:
        """The exit status, once its output has ended."""
        self.messages.finish()
        return self._popen.wait()

    def write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[self._input.write(view):]

    def read(self, count: int) -> bytearray:
        """So many bytes; fewer when the process ends before."""
        data = bytearray()
        while len(data) < count:
            piece = self._output.read(min(count - len(data), _PIECE))
            if not piece:
                break
            data += piece
        return data

    def close(self) -> None:
        """Ends a process that waits for requests: it leaves by itself when its input is closed."""
        self._forget()
        try:
            self._popen.wait(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def kill(self) -> None:
        """Ends a process in the middle of a call. Killed first: a thread may be writing to it."""
        if self.isAlive:
            self._popen.kill()
        self._popen.wait()
        self._forget()
        self.messages.finish()

    def forget(self) -> None:
        """Lets go of the pipes in a forked child; the process is the parent's."""
        self._forget()
        self._popen.returncode = 0  # so that nobody waits for it

    def _forget(self) -> None:
        for stream in (self._input, self._output):
            with contextlib.suppress(OSError):
                stream.close()


class _Messages:
    """What a process says on standard error: kept while it starts, shown as it comes afterwards."""

    def __init__(self, stream: IO[bytes]):
        self._lines: List[str] = []
        self._isShown = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def show(self) -> None:
        """Shows what was kept, and what comes."""
        with self._lock:
            self._isShown = True
            lines, self._lines = self._lines, []
        for line in lines:
            show(line)

    def finish(self) -> None:
        """Waits for the last line."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout=_PATIENCE)

    def take(self) -> str:
        """The last message that was kept."""
        with self._lock:
            lines, self._lines = self._lines, []
        return last_message(lines)

    def _read(self, stream: IO[bytes]) -> None:
        with stream:
            rest = b""
            # Unbuffered: a line may come in pieces.
            for piece in iter(lambda: stream.read(4096), b""):
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    self._add(line)
            if rest:
                self._add(rest)

    def _add(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        with self._lock:
            if not self._isShown:
                self._lines = self._lines[-19:] + [text]
                return
        show(text)


class Worker:
    """A model in a process of its own, started when it is first needed.

    One call at a time goes through; threads wait for each other. When the process dies the call that waits for it
    raises ``WorkerDied``, and the next call starts a new one. After ``os.fork`` the child starts its own."""

    def __init__(self, model: str, threads: Optional[int] = None, options: Sequence[str] = ()):
        self.model = os.fspath(model)
        self.threads = threads
        self.options = list(options)
        self._process: Optional[_Process] = None
        self._finalizer: Optional["weakref.finalize[[], Worker]"] = None
        self._greeting: Optional[Dict[str, Any]] = None
        self._next = 0
        self._isClosed = False
        self._turn = threading.Condition()
        self._owner: Optional[int] = None
        _living.add(self)

    # -- life ---------------------------------------------------------------------------------------------------------

    def __reduce__(self) -> Tuple[Any, ...]:
        # A copy, in this process or in another, starts its own.
        return Worker, (self.model, self.threads, self.options)

    @property
    def greeting(self) -> Dict[str, Any]:
        """What the model is, as the worker says it."""
        if self._greeting is None or self._isClosed:
            with self._call():
                pass
        assert self._greeting is not None
        return self._greeting

    @property
    def pid(self) -> Optional[int]:
        """The process's number, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Ends the process. Calls after it raise ``ValueError``."""
        with self._turn:
            self._isClosed = True
            # A stream that was left open, or a call of another thread, ends with it.
            self._drop(isIdle=self._owner is None)

    def _drop(self, isIdle: bool) -> None:
        process, self._process = self._process, None
        finalizer, self._finalizer = self._finalizer, None
        if finalizer is not None:
            finalizer.detach()
        if process is not None:
            process.close() if isIdle else process.kill()

    def _forked(self) -> None:
        """In a forked child: the process is the parent's, and so may be the lock."""
        self._turn = threading.Condition()
        self._owner = None
        if self._finalizer is not None:
            self._finalizer.detach()
            self._finalizer = None
        if self._process is not None:
            self._process.forget()
            self._process = None

    def _started(self) -> _Process:
        if self._isClosed:
            raise ValueError("this model was closed")
        if self._process is not None and self._answers(self._process):
            return self._process
        self._drop(isIdle=False)
        command = [program(), "worker", self.model, *self.options]
        if self.threads is not None:
            command += ["--threads", str(self.threads)]
        try:
            process = _Process(command)
        except OSError as error:
            raise errors.Defect("the programs cannot be started: %s" % error) from error
        self._process = process
        self._finalizer = weakref.finalize(self, process.close)
        import numpy  # noqa: F401  # the process reads the model meanwhile
        try:
            self._greeting, _ = self._receive(process)
        except errors.WorkerDied:
            status, text = process.status(), process.messages.take()
            self._drop(isIdle=False)
            raise errors.of_status(status, text) from None
        except BaseException:
            self._drop(isIdle=False)
            raise
        process.messages.show()
        return process

    def _answers(self, process: _Process) -> bool:
        """Whether a process that was started before still lives: one that was just killed may look alive."""
        if not process.isAlive:
            return False
        number = self._next
        self._next += 1
        try:
            self._send(process, {"id": number, "method": "ping"})
            document, _ = self._receive(process)
        except (OSError, errors.WorkerDied):
            return False
        return document.get("id") == number

    # -- calls --------------------------------------------------------------------------------------------------------

    def rows(self, method: str, key: str, chunks: Sequence[Sequence[Any]],
             **options: Any) -> Generator[Tuple[npt.NDArray[np.float32], int], None, None]:
        """The rows of chunks of texts, float32 ``[texts, width]`` each, in order, and how many texts were cut.

        While one chunk is computed the next ones are on their way."""
        import numpy as np

        with self._call() as process:
            first = self._next
            self._next += len(chunks)

            failures: List[Exception] = []

            def send() -> None:
                try:
                    for offset, chunk in enumerate(chunks):
                        self._send(process, dict(options, id=first + offset, method=method, **{key: chunk}))
                except OSError:
                    pass  # the reader notices
                except Exception as error:
                    failures.append(error)
                    process.kill()  # or the reader would wait for ever

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            left = len(chunks)
            try:
                for offset in range(len(chunks)):
                    document, numbers = self._receive(process)
                    left -= 1
                    self._check(document, first + offset)
                    rows = np.frombuffer(numbers, dtype="<f4").reshape(document["shape"])
                    yield rows, int(document.get("truncated", 0))
            except errors.WorkerDied:
                if failures:
                    raise failures[0] from None
                raise
            finally:
                # A loop that is left, or an error, leaves answers in the pipe: such a worker is of no more use.
                if left:
                    self._drop(isIdle=False)
                sender.join()

    def documents(self, method: str, **options: Any) -> Generator[Dict[str, Any], None, None]:
        """The documents that answer a request, up to the last."""
        with self._call() as process:
            number = self._next
            self._next += 1
            isDone = False
            try:
                try:
                    self._send(process, dict(options, id=number, method=method))
                except OSError:
                    raise self._death() from None
                while not isDone:
                    document, _ = self._receive(process)
                    isDone = "error" in document or "token" not in document
                    self._check(document, number)
                    yield document
            finally:
                if not isDone:
                    self._drop(isIdle=False)

    @contextlib.contextmanager
    def _call(self) -> Iterator[_Process]:
        """The process, for one call: answers of two calls must not mix.

        The turn belongs to no thread: a stream may be closed by another one than the one that opened it."""
        thread = threading.get_ident()
        with self._turn:
            while self._owner is not None:
                if self._owner == thread:
                    raise errors.UsageError(
                        "a stream of this model is still open: read it to its end or close it first")
                self._turn.wait()
            self._owner = thread
        try:
            yield self._started()
        finally:
            with self._turn:
                self._owner = None
                self._turn.notify()

    @staticmethod
    def _check(document: Dict[str, Any], number: int) -> None:
        if document.get("id") != number:
            raise errors.Defect("the worker answered %r, not request %d" % (document.get("id"), number))
        if "error" in document:
            raise errors.of_kind(document["error"]["kind"], document["error"]["message"])

    @staticmethod
    def _send(process: _Process, request: Dict[str, Any]) -> None:
        document = json.dumps({key: value for key, value in request.items() if value is not None},
                              ensure_ascii=False, check_circular=False).encode()
        process.write(_HEADER.pack(_MAGIC, len(document), 0) + document)

    def _receive(self, process: _Process) -> Tuple[Dict[str, Any], bytearray]:
        magic, length, size = _HEADER.unpack(self._read(process, _HEADER.size))
        if magic != _MAGIC:
            raise errors.Defect("what the worker sends is no frame")
        document = json.loads(self._read(process, length))
        if not isinstance(document, dict):
            raise errors.Defect("what the worker sends is no document")
        return document, self._read(process, size)

    def _read(self, process: _Process, count: int) -> bytearray:
        try:
            data = process.read(count)
        except (OSError, ValueError):  # closed by another thread
            raise self._death() from None
        if len(data) < count:
            raise self._death()
        return data

    def _death(self) -> errors.WorkerDied:
        if self._isClosed:
            return errors.WorkerDied("%s was closed in the middle of a call" % self.model)
        return errors.WorkerDied(
            "the process of %s ended in the middle of a call; the next call starts another" % self.model)


#: Workers whose pipes a forked child must let go of.
_living: "weakref.WeakSet[Worker]" = weakref.WeakSet()


def _after_fork() -> None:
    for worker in list(_living):
        worker._forked()


os.register_at_fork(after_in_child=_after_fork)
