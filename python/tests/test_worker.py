"""The process behind a model: its deaths, threads, forks, interrupted calls, and what it must not be sent."""

import os
import signal
import subprocess
import struct
import sys
import threading
import time
import warnings

import numpy as np
import pytest

import reuseformer
from reuseformer._commands import program


def test_a_worker_that_was_just_killed_is_replaced_at_once(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder") as model:
        before = model.encode(texts[:3])
        for _ in range(10):
            os.kill(model._worker.pid, signal.SIGKILL)
            assert np.array_equal(model.encode(texts[:3]), before)


def test_a_call_that_is_left_ends_soon_though_pipes_are_full(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder", threads=1) as model:
        wanted = model.encode(texts[:3])
        long = [" ".join(texts[:50])] * 256
        calls = model._worker.rows("embed", "texts", [long] * 50)
        next(calls)
        start = time.monotonic()
        calls.close()
        assert time.monotonic() - start < 5
        assert np.array_equal(model.encode(texts[:3]), wanted)


def test_closing_ends_a_call_of_another_thread(fixtures, texts):
    model = reuseformer.Embedder(fixtures / "encoder", threads=1)
    seen = []

    def work():
        try:
            model.encode(texts * 300)
        except (reuseformer.WorkerDied, ValueError) as error:
            seen.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    time.sleep(0.2)
    model.close()
    thread.join(timeout=10)
    assert not thread.is_alive() and len(seen) == 1


def test_an_interrupted_call_leaves_a_model_that_works(fixtures, texts):
    script = """
import signal, sys, time, numpy, reuseformer
model = reuseformer.Embedder(sys.argv[1], threads=1)
want = model.encode("a text")
signal.setitimer(signal.ITIMER_REAL, 0.2)
signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
try:
    model.encode(["a text that is somewhat longer than the other one"] * 200000)
    print("it was not interrupted")
except KeyboardInterrupt:
    start = time.monotonic()
    assert numpy.array_equal(model.encode("a text"), want)
    assert time.monotonic() - start < 5
    print("works")
"""
    result = subprocess.run([sys.executable, "-c", script, str(fixtures / "encoder")], stdout=subprocess.PIPE,
                            timeout=60)
    assert result.stdout == b"works\n"


def test_an_exception_while_rows_come_leaves_the_model_free(encoder, texts, monkeypatch):
    import reuseformer.embedder

    class Stop(Exception):
        pass

    def advance(self, done):
        raise Stop

    wanted = encoder.encode(texts[:3])
    monkeypatch.setattr(reuseformer.embedder._Bar, "advance", advance)
    with pytest.raises(Stop) as kept:  # which keeps the traceback
        encoder.encode(texts * 5)
    monkeypatch.undo()
    assert kept and np.array_equal(encoder.encode(texts[:3]), wanted)


def test_a_stream_may_be_closed_by_another_thread(fixtures):
    with reuseformer.Generator(fixtures / "gpt") as model:
        whole = model.generate("ROMEO:", max_new_tokens=8)
        stream = model.stream("ROMEO:", max_new_tokens=8)
        next(stream)
        closer = threading.Thread(target=stream.close)
        closer.start()
        closer.join()
        assert model.generate("ROMEO:", max_new_tokens=8) == whole


def test_a_forked_child_starts_its_own_and_leaves_the_parents_alone(fixtures, texts):
    with reuseformer.Embedder(fixtures / "encoder") as model:
        wanted = model.encode(texts[:3])
        pid = model._worker.pid
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that threads are running
            child = os.fork()
        if child == 0:
            status = 1
            try:
                same = np.array_equal(model.encode(texts[:3]), wanted)
                status = 0 if same and model._worker.pid != pid else 2
                model.close()
            finally:
                os._exit(status)
        assert os.waitpid(child, 0)[1] == 0
        assert np.array_equal(model.encode(texts[:3]), wanted) and model._worker.pid == pid


def test_what_is_no_text_is_refused_and_the_worker_lives(fixtures, encoder, texts):
    encoder.encode(texts[0])
    pid = encoder._worker.pid
    with pytest.raises(reuseformer.UsageError, match=r"sentences\[1\]"):
        encoder.encode(["good", "a lone \ud800 surrogate"])
    with pytest.raises(reuseformer.UsageError, match="prompt"):
        encoder.encode("good", prompt="\udfff")
    with pytest.raises(reuseformer.UsageError, match="list"):
        encoder.encode(3)
    assert encoder.encode("zero \0 and \x1b and 𝄞").shape == encoder.encode(texts[0]).shape
    assert encoder._worker.pid == pid


def test_memory_does_not_grow_with_calls(fixtures):
    def resident(pid):
        with open("/proc/%d/status" % pid) as file:
            return int(file.read().split("VmRSS:")[1].split()[0])

    with reuseformer.Embedder(fixtures / "encoder", threads=1) as model:
        sizes = []
        for part in range(10):
            for _ in range(4):
                model.encode(["text %d of some length" % index for index in range(500)])
            sizes.append(resident(model._worker.pid))
        assert max(sizes[3:]) < 1.1 * sizes[2]


def test_start_problems_are_told_once_and_in_the_error(fixtures, capfd):
    with pytest.raises(reuseformer.UsageError, match="--threads must be between"):
        reuseformer.Embedder(fixtures / "encoder", threads=0)
    with pytest.raises(reuseformer.UsageError, match="list of words"):
        reuseformer.Embedder(fixtures / "encoder", options="--allow-missing")
    assert capfd.readouterr().err == ""


def exchange(fixtures, data):
    """What a worker answers to bytes, and its status; its memory is limited to what a small model needs."""
    worker = subprocess.Popen([program(), "worker", str(fixtures / "encoder"), "--threads", "1"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    greeting = worker.stdout.read(16)
    worker.stdout.read(struct.unpack("<4sIQ", greeting)[1])
    return worker, data


@pytest.mark.parametrize("frame, reason", [
    (b"GET / HTTP/1.1\r\n\r\n", "RFW1"),
    (struct.pack("<4sIQ", b"RFW1", 0xFFFFFFFF, 0), "longer than"),
    (struct.pack("<4sIQ", b"RFW1", 2, 1 << 63) + b"{}", "no numbers"),
    (struct.pack("<4sIQ", b"RFW1", 2, 0) + b"{}", "id"),
    (struct.pack("<4sIQ", b"RFW1", 3, 0) + b"\xff\xfe\xfd", ""),
    (struct.pack("<4sIQ", b"RFW1", 100_000, 0) + b"[" * 100_000, ""),
    (struct.pack("<4sIQ", b"RFW1", 100, 0) + b"{", "middle of a frame"),
])
def test_what_is_no_request_ends_the_worker_with_a_reason(fixtures, frame, reason):
    worker, data = exchange(fixtures, frame)
    _, message = worker.communicate(data, timeout=20)
    assert worker.returncode in (1, 2, 5, 6) and reason in message.decode("utf-8", "replace")


def test_a_promised_length_takes_no_memory_before_it_comes(fixtures):
    worker, _ = exchange(fixtures, b"")
    try:
        def resident():
            with open("/proc/%d/status" % worker.pid) as file:
                return int(file.read().split("VmData:")[1].split()[0])

        before = resident()
        worker.stdin.write(struct.pack("<4sIQ", b"RFW1", 255 << 20, 0) + b" " * 100_000)
        worker.stdin.flush()
        time.sleep(0.5)
        assert resident() - before < 16 << 10
    finally:
        worker.kill()
        worker.communicate()
