"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from miscible.errors import MiscibleError
from miscible.files import make_folder, write_atomic

NO_ROOT = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)


def full_disk(_: object) -> None:
    raise OSError(28, "No space left on device")


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("content", ["grün\n", b"\x00\xff", ""])
def test_content_arrives_byte_for_byte_and_replaces_what_was_there(tmp_path: Path, content: str | bytes):
    path = tmp_path / "a.txt"
    path.write_text("old")
    write_atomic(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert names(tmp_path) == ["a.txt"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "a.txt"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(MiscibleError, match="No space left on device") as caught:
        write_atomic(path, "new")
    assert str(path) in str(caught.value)
    assert "--out" in str(caught.value)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_failed_rename_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(self: Path, target: Path) -> None:
        full_disk(self)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(MiscibleError):
        write_atomic(tmp_path / "a.txt", "new")
    assert names(tmp_path) == []


def test_an_interrupt_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "a.txt", "new")
    assert names(tmp_path) == []


def test_data_are_on_disk_before_the_file_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []
    real = os.fsync

    def spy(handle: int) -> None:
        seen.append(names(tmp_path))
        real(handle)

    monkeypatch.setattr(os, "fsync", spy)
    write_atomic(tmp_path / "a.txt", "new")
    assert len(seen) == 1
    assert "a.txt" not in seen[0]


def test_a_missing_folder_is_named(tmp_path: Path):
    with pytest.raises(MiscibleError, match=r"gone/a\.txt"):
        write_atomic(tmp_path / "gone" / "a.txt", "new")


@NO_ROOT
def test_a_read_only_folder_is_named(tmp_path: Path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(MiscibleError, match="cannot write"):
            write_atomic(tmp_path / "a.txt", "new")
        with pytest.raises(MiscibleError, match="cannot make this folder"):
            make_folder(tmp_path / "sub")
    finally:
        tmp_path.chmod(0o700)
    assert names(tmp_path) == []


def test_folders_are_made_with_parents_and_may_exist(tmp_path: Path):
    assert make_folder(tmp_path / "a" / "b") == make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path):
    (tmp_path / "a").write_text("")
    for path in (tmp_path / "a", tmp_path / "a" / "b"):
        with pytest.raises(MiscibleError, match="cannot make this folder") as caught:
            make_folder(path)
        assert str(path) in str(caught.value)
