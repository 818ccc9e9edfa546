"""A process that holds a model, and the frames that are exchanged with it (docs/python.md)."""

from __future__ import annotations

import contextlib
import json
import os
import struct
import subprocess
import sys
import threading
import weakref
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np

from . import errors
from ._commands import program

_HEADER = struct.Struct("<4sIQ")
_MAGIC = b"RFW1"


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process: it leaves by itself when its input is closed."""
    for stream in (process.stdin, process.stdout):
        try:
            if stream:
                stream.close()
        except OSError:
            pass
    try:
        process.wait(timeout=2)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Worker:
    """A model in a process of its own, started when it is first needed.

    One call at a time goes through; threads wait for each other. When the process dies the call that waits for it
    raises ``WorkerDied``, and the next call starts a new one. After ``os.fork`` the child starts its own."""

    def __init__(self, model: str, threads: Optional[int] = None, options: Sequence[str] = ()):
        self.model = os.fspath(model)
        self.threads = threads
        self.options = list(options)
        self._lock = threading.RLock()
        self._process: Optional["subprocess.Popen[bytes]"] = None
        self._finalizer: Optional[weakref.finalize] = None
        self._owner = 0
        self._greeting: Optional[Dict[str, Any]] = None
        self._next = 0
        self._isClosed = False
        self._isBusy = False

    # -- life ---------------------------------------------------------------------------------------------------------

    def __getstate__(self):
        return {"model": self.model, "threads": self.threads, "options": self.options}

    def __setstate__(self, state):
        self.__init__(state["model"], state["threads"], state["options"])

    @property
    def greeting(self) -> Dict[str, Any]:
        """What the model is, as the worker says it."""
        with self._lock:
            self._started()
            assert self._greeting is not None
            return self._greeting

    @property
    def pid(self) -> Optional[int]:
        """The process's number, while there is one."""
        return self._process.pid if self._process else None

    def close(self) -> None:
        """Ends the process. Calls after it raise ``ValueError``."""
        with self._lock:
            self._isClosed = True
            self._drop()

    def _drop(self) -> None:
        if self._finalizer is not None:
            finalizer, self._finalizer = self._finalizer, None
            if self._owner == os.getpid():
                finalizer()
            else:
                finalizer.detach()
        self._process = None

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._isClosed:
            raise ValueError("this model was closed")
        process = self._process
        if process is not None and self._owner == os.getpid() and process.poll() is None:
            return process
        self._drop()
        command = [program(), "worker", self.model, *self.options]
        if self.threads is not None:
            command += ["--threads", str(self.threads)]
        # A session of its own: Ctrl-C is this program's, which then closes the pipe.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   start_new_session=True)
        self._process, self._owner = process, os.getpid()
        self._finalizer = weakref.finalize(self, _end, process)
        messages: List[str] = []
        threading.Thread(target=_copy_messages, args=(process.stderr, messages), daemon=True).start()
        try:
            self._greeting, _ = self._receive(process)
        except errors.WorkerDied:
            status = process.wait()
            self._drop()
            raise errors.of_status(status, "\n".join(messages[-3:]).replace("reuseformer: ", "")) from None
        return process

    # -- calls --------------------------------------------------------------------------------------------------------

    def rows(self, method: str, key: str, chunks: Sequence[Sequence[Any]], **options: Any) -> Iterator[np.ndarray]:
        """The rows of chunks of texts, float32 ``[texts, width]`` each, in order.

        While one chunk is computed the next ones are on their way."""
        with self._lock, self._call() as process:
            first = self._next
            self._next += len(chunks)

            def send():
                try:
                    for offset, chunk in enumerate(chunks):
                        self._send(process, dict(options, id=first + offset, method=method, **{key: chunk}))
                except (OSError, ValueError):
                    pass  # the reader notices

            sender = threading.Thread(target=send, daemon=True)
            sender.start()
            done = False
            try:
                for offset in range(len(chunks)):
                    document, numbers = self._receive(process)
                    self._check(document, first + offset)
                    rows = np.frombuffer(numbers, dtype="<f4").reshape(document["shape"])
                    done = offset + 1 == len(chunks)
                    yield rows
                done = True
            finally:
                # A loop that is left, or an error, leaves answers in the pipe: such a worker is of no more use.
                if not done:
                    self._drop()
                sender.join()

    def documents(self, method: str, **options: Any) -> Iterator[Dict[str, Any]]:
        """The documents that answer a request, up to the last."""
        with self._lock, self._call() as process:
            number = self._next
            self._next += 1
            done = False
            try:
                try:
                    self._send(process, dict(options, id=number, method=method))
                except OSError:
                    raise errors.WorkerDied("the process of %s ended" % self.model) from None
                while not done:
                    document, _ = self._receive(process)
                    done = "error" in document or "token" not in document
                    self._check(document, number)
                    yield document
            finally:
                if not done:
                    self._drop()

    @contextlib.contextmanager
    def _call(self):
        """The process, for one call: answers of two calls must not mix."""
        if self._isBusy:
            raise errors.UsageError("a stream of this model is still open: read it to its end or close it first")
        process = self._started()
        self._isBusy = True
        try:
            yield process
        finally:
            self._isBusy = False

    @staticmethod
    def _check(document: Dict[str, Any], number: int) -> None:
        if document.get("id") != number:
            raise errors.Defect("the worker answered %r, not request %d" % (document.get("id"), number))
        if "error" in document:
            raise errors.of_kind(document["error"]["kind"], document["error"]["message"])

    @staticmethod
    def _send(process: "subprocess.Popen[bytes]", request: Dict[str, Any]) -> None:
        document = json.dumps({key: value for key, value in request.items() if value is not None}).encode()
        assert process.stdin is not None
        process.stdin.write(_HEADER.pack(_MAGIC, len(document), 0) + document)
        process.stdin.flush()

    def _receive(self, process: "subprocess.Popen[bytes]") -> Tuple[Dict[str, Any], bytes]:
        header = self._read(process, _HEADER.size)
        magic, length, size = _HEADER.unpack(header)
        if magic != _MAGIC:
            raise errors.Defect("what the worker sends is no frame")
        return json.loads(self._read(process, length)), self._read(process, size)

    def _read(self, process: "subprocess.Popen[bytes]", count: int) -> bytes:
        assert process.stdout is not None
        data = process.stdout.read(count) if count else b""
        if len(data) < count:
            raise errors.WorkerDied("the process of %s ended in the middle of a call" % self.model)
        return data


def _copy_messages(stream, messages: List[str]) -> None:
    """Shows what a worker notes on standard error."""
    for line in stream:
        text = line.decode("utf-8", "replace").rstrip("\n")
        messages.append(text)
        del messages[:-20]
        try:
            print(text, file=sys.stderr)
        except (OSError, ValueError):
            pass
