"""Map a function over processes, in order, with little in flight.

Two things set these processes apart from those of `concurrent.futures`. They end when this process does, however it
ends: their input closes, even after kill -9. And they never run this process's main script again, which may be a
Streamlit page or a notebook.
"""

from __future__ import annotations

import os
import pickle
import queue
import subprocess
import sys
import time
import traceback
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BufferedReader
from itertools import islice
from typing import Any, BinaryIO, TypeVar, cast

from core.errors import PrunescopeError
from core.paths import ROOT

Item = TypeVar("Item")
Result = TypeVar("Result")

HELPERS_START = 1.0  # seconds that starting helper processes costs
_PIPE = 2**20  # bytes between the processes, so that large answers do not go over in hundreds of small pieces
_SPARE = 4  # results waiting beyond those at work: no process waits for a slower one before it, or for the disk


@dataclass(frozen=True)
class Helper:
    """A process that answers requests."""

    process: subprocess.Popen[bytes]
    requests: BinaryIO
    answers: BinaryIO


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_ordered(function: Callable[[Item], Result], items: Iterable[Item], count: int) -> Iterator[Result]:
    """Yield `function(item)` for each item, in order, computed by `count` processes.

    `function` and the items must be picklable, and `function` importable. What it raises is raised here. Closing the
    generator ends the processes.
    """
    with ExitStack() as stack:
        threads = stack.enter_context(ThreadPoolExecutor(count))  # left last, when no helper is there to wait for
        free: queue.SimpleQueue[Helper] = queue.SimpleQueue()
        for _ in range(count):
            free.put(stack.enter_context(_helper(function)))
        yield from _in_order(threads, lambda item: cast(Result, _ask(free, item)), items, count + _SPARE)


def map_where_it_pays(function: Callable[[range], Result], spans: Sequence[range]) -> Generator[Result, None, None]:
    """Yield `function(span)` for each span, in order: by all cores if, by the time the first takes, that is quicker.

    A span of twice the length is taken to take twice the time.
    """
    began = time.perf_counter()
    yield from map(function, spans[:1])
    rest = spans[1:]
    seconds = sum(map(len, rest)) * (time.perf_counter() - began) / max(1, sum(map(len, spans[:1])))
    count = min(available_cores(), len(rest))
    if count > 1 and seconds * (1 - 1 / count) > HELPERS_START:
        yield from map_ordered(function, rest, count)
    else:
        yield from map(function, rest)


def _in_order(
    threads: ThreadPoolExecutor, ask: Callable[[Item], Result], items: Iterable[Item], ahead: int
) -> Iterator[Result]:
    waiting = iter(items)
    asked: deque[Future[Result]] = deque(threads.submit(ask, item) for item in islice(waiting, ahead))
    while asked:
        result = asked.popleft().result()
        asked.extend(threads.submit(ask, item) for item in islice(waiting, 1))
        yield result


@contextmanager
def _helper(function: Callable[..., object]) -> Iterator[Helper]:
    search = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": search, "OMP_NUM_THREADS": "1"},
        pipesize=_PIPE,
        start_new_session=True,  # Ctrl+C is for the process that asked: it ends its helpers itself
    )
    helper = Helper(process, cast(BinaryIO, process.stdin), cast(BinaryIO, process.stdout))
    try:
        with suppress(BrokenPipeError):  # told by the first answer that does not come
            _send(helper.requests, function)
        yield helper
    finally:
        _end(helper)


def _end(helper: Helper) -> None:
    helper.process.kill()
    helper.process.wait()
    helper.answers.close()
    with suppress(BrokenPipeError):  # what was not sent yet cannot be
        helper.requests.close()


def _ask(free: queue.SimpleQueue[Helper], item: object) -> object:
    helper = free.get()
    try:
        _send(helper.requests, item)
        answer: tuple[object, Exception | None] = _receive(helper.answers)
    except (BrokenPipeError, EOFError, pickle.UnpicklingError) as broken:
        raise _ended(helper) from broken
    finally:
        free.put(helper)
    result, error = answer
    if error is not None:
        raise error
    return result


def _ended(helper: Helper) -> PrunescopeError:
    return PrunescopeError(
        f"a helper process ended early (status {helper.process.wait()})",
        "",
        "try again: finished work is kept; if it ends at the same place, look for a lack of memory or a harmful file",
    )


def _send(stream: BinaryIO, value: object) -> None:
    """Write a value; large arrays in it as they lie in memory, behind it."""
    arrays: list[pickle.PickleBuffer] = []
    rest = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    views = [array.raw() for array in arrays]
    pickle.dump((rest, [view.nbytes for view in views]), stream)
    for view in views:
        stream.write(view)
    stream.flush()


def _receive(stream: BinaryIO) -> Any:
    rest, sizes = pickle.load(stream)
    arrays = [bytearray(size) for size in sizes]
    for array in arrays:
        if cast(BufferedReader, stream).readinto(array) < len(array):
            raise EOFError
    return pickle.loads(rest, buffers=arrays)


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each request with (result, error) until there are none."""
    function = _receive(requests)
    while True:
        _send(answers, _answer(function, _receive(requests)))


def _answer(function: Callable[[Item], Result], item: Item) -> tuple[Result | None, Exception | None]:
    try:
        return function(item), None
    except Exception as error:
        error.add_note("in a helper process:\n" + traceback.format_exc())
        return None, error


def main() -> None:
    """Be a helper: requests come on standard input, answers leave on standard output, prints go to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(EOFError, BrokenPipeError):  # the process that asked is gone
        _serve(sys.stdin.buffer, answers)
    os._exit(0)  # closing `answers` would flush into a broken pipe


if __name__ == "__main__":
    main()
