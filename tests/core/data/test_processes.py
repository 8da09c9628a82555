from __future__ import annotations

import math
import os
import time
from itertools import count, islice

import pytest

from core.data.processes import map_ordered
from core.errors import BrokenDataError, PrunescopeError
from tests.core.data.tasks import kill_itself, process_id, refuse, shout


def test_results_come_in_order_whatever_takes_how_long():
    waits = [0.3, 0.0, 0.1, 0.0, 0.2, 0.0]
    assert list(map_ordered(time.sleep, waits, 3)) == [None] * 6
    assert list(map_ordered(math.sqrt, range(50), 3)) == [math.sqrt(n) for n in range(50)]


def test_there_may_be_nothing_to_do():
    assert list(map_ordered(math.sqrt, [], 2)) == []


def test_items_are_taken_as_they_are_needed():
    taken = []
    items = (taken.append(n) or n for n in count())
    assert list(islice(map_ordered(math.sqrt, items, 2), 10)) == [math.sqrt(n) for n in range(10)]
    assert len(taken) < 20


def test_the_work_is_done_elsewhere():
    assert os.getpid() not in set(map_ordered(process_id, range(8), 2))


def test_what_is_printed_does_not_disturb_the_answers():
    assert list(map_ordered(shout, ["a", "b"], 1)) == ["a", "b"]


def test_an_error_is_raised_here_with_its_trace():
    with pytest.raises(ValueError, match=r"domain|nonnegative") as caught:
        list(map_ordered(math.sqrt, [4, -1], 2))
    assert "in a helper process" in caught.value.__notes__[0]


def test_the_projects_errors_keep_their_three_parts():
    with pytest.raises(BrokenDataError) as caught:
        list(map_ordered(refuse, ["an image"], 1))
    assert (caught.value.given, caught.value.allowed, caught.value.mend) == ("an image", "nothing", "give up")


def test_a_helper_that_is_killed_is_reported():
    with pytest.raises(PrunescopeError, match="status -9"):
        list(map_ordered(kill_itself, range(5), 2))
