"""Whether a page in a browser still owes what was asked of it: read from its messages to Streamlit's server and back.

What the page shows of its state comes late: a click on a busy machine takes a while to become a run of the script, and
until then the page looks as if all were done.
"""

from __future__ import annotations

import time
from weakref import WeakKeyDictionary

from playwright.sync_api import Page, WebSocket
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

_UNANSWERED = 15.0  # seconds after which a request that no run followed is taken for one that needs none


class Reruns:
    """The script's runs that one page asked for and saw."""

    def __init__(self) -> None:
        self._asked: float | None = None  # when, if no run began since
        self._running = False

    @property
    def due(self) -> bool:
        """Whether a run was asked for or is under way."""
        return self._running or (self._asked is not None and time.monotonic() - self._asked < _UNANSWERED)

    def listen(self, socket: WebSocket) -> None:
        """Follow a connection; what was owed on one before it is void."""
        self._asked, self._running = None, False
        socket.on("framesent", self._hear_page)
        socket.on("framereceived", self._hear_server)

    def _hear_page(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).HasField("rerun_script"):
            self._asked = time.monotonic()

    def _hear_server(self, frame: bytes | str) -> None:
        said = ForwardMsg.FromString(frame) if isinstance(frame, bytes) else ForwardMsg()
        if said.HasField("new_session"):
            self._asked, self._running = None, True
        elif said.HasField("script_finished"):
            self._running = False


_of_page: WeakKeyDictionary[Page, Reruns] = WeakKeyDictionary()


def follow(page: Page) -> Page:
    """Follow a page that shows nothing yet, and return it."""
    _of_page[page] = Reruns()
    page.on("websocket", _of_page[page].listen)
    return page


def reruns_of(page: Page) -> Reruns:
    """Return the runs of a page that is followed."""
    return _of_page[page]
