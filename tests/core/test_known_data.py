from __future__ import annotations

from core.known_data import add_data, confirm, is_confirmed, known_data, remove_data


def texts(folder, *runs):
    return [one.text for one in known_data(folder, runs)]


def test_the_scenes_are_known_from_the_beginning(tmp_path):
    assert texts(tmp_path) == ["scenes"]


def test_what_was_added_last_comes_first_and_each_once(tmp_path):
    for one in ("/a", "/b", "/a"):
        add_data(tmp_path, one)
    assert texts(tmp_path, "scenes", "/b", "/c", "/c") == ["scenes", "/a", "/b", "/c"]
    runs = {one.text: (one.added, one.runs) for one in known_data(tmp_path, ["/b", "/c", "/c"])}
    assert runs == {"scenes": (False, 0), "/a": (True, 0), "/b": (True, 1), "/c": (False, 2)}


def test_removing_takes_only_from_the_list(tmp_path):
    add_data(tmp_path, "/a")
    remove_data(tmp_path, "/a")
    remove_data(tmp_path, "/never added")
    assert texts(tmp_path) == ["scenes"]
    assert texts(tmp_path, "/a") == ["scenes", "/a"]


def test_a_mapping_is_confirmed_for_one_network_and_these_images(tmp_path):
    add_data(tmp_path, "/a")
    confirm(tmp_path, "network", "images")
    assert is_confirmed(tmp_path, "network", "images")
    assert not is_confirmed(tmp_path, "other network", "images")
    assert not is_confirmed(tmp_path, "network", "other images")
    assert texts(tmp_path) == ["scenes", "/a"]


def test_a_damaged_list_is_an_empty_one_and_can_be_written_again(tmp_path):
    (tmp_path / "data.json").write_text("{")
    assert texts(tmp_path) == ["scenes"]
    add_data(tmp_path, "/a")
    assert texts(tmp_path) == ["scenes", "/a"]
