"""Control-C while Dagster runs in this process: Dagster takes the signal for the run at hand; we end the command."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def interrupts_heard() -> Iterator[Callable[[], None]]:
    """Yields a function that raises KeyboardInterrupt if Control-C was pressed since the block began.

    During a run Dagster replaces the handler of SIGINT, and what it has heard is forgotten when the run ends. The
    interpreter's wake-up descriptor gets every signal, whichever handler is set.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    heard, tell = os.pipe()
    os.set_blocking(heard, False)
    os.set_blocking(tell, False)
    before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)

    def check() -> None:
        try:
            signals = os.read(heard, 4096)
        except BlockingIOError:
            return
        if signal.SIGINT in signals:
            raise KeyboardInterrupt

    try:
        yield check
    finally:
        signal.set_wakeup_fd(before)
        os.close(heard)
        os.close(tell)
