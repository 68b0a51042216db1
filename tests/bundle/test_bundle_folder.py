"""Damage is found and named; a bundle appears whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from miscible.bundle import BundleParts, load_bundle, write_bundle
from miscible.bundle import _write as writing
from miscible.errors import BundleError


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "copy"))


def everything(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def files_of_each_kind(folder: Path) -> list[str]:
    by_kind = {(Path(name).parts[0], Path(name).suffix): name for name in everything(folder)}
    return [name for name in by_kind.values() if name != "bundle.json"]


def test_holds_what_it_should_and_no_pickle(folder: Path) -> None:
    names = everything(folder)
    assert {"MODEL_CARD.md", "bundle.json", "domain.safetensors", "plan.toml"} <= set(names)
    assert "models/3/0/model.json" in names and "residuals/1.safetensors" in names
    assert {Path(n).suffix for n in names} <= {".json", ".md", ".safetensors", ".toml", ".txt"}
    listed = json.loads((folder / "bundle.json").read_text(encoding="utf-8"))["files"]
    assert sorted([*listed, "bundle.json"]) == names


def test_every_kind_of_file_flipped_cut_or_lost_is_named(copy: Path) -> None:
    for name in files_of_each_kind(copy):
        path = copy / name
        whole = path.read_bytes()
        flipped = bytearray(whole)
        flipped[len(whole) // 2] ^= 1
        for content, words in (
            (bytes(flipped), "changed"),
            (whole[:-3], "cut short"),
            (whole + b" ", "changed"),
        ):
            path.write_bytes(content)
            with pytest.raises(BundleError, match=words) as caught:
                load_bundle(copy)
            assert str(path) in str(caught.value) and "again" in str(caught.value)
        path.unlink()
        with pytest.raises(BundleError, match="missing") as caught:
            load_bundle(copy)
        assert str(path) in str(caught.value)
        path.write_bytes(whole)
    load_bundle(copy)


def test_any_changed_byte_of_the_document_is_found_or_harmless(copy: Path, folder: Path) -> None:
    path = copy / "bundle.json"
    whole = path.read_bytes()
    expected = json.loads(whole)
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        flipped = bytearray(whole)
        flipped[position] ^= 1
        path.write_bytes(bytes(flipped))
        try:
            load_bundle(copy)
        except BundleError as error:
            assert "bundle.json" in str(error)
        else:
            assert json.loads(bytes(flipped)) == expected


def test_document_cut_short(copy: Path) -> None:
    path = copy / "bundle.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BundleError, match=r"bundle\.json: is damaged or cut short"):
        load_bundle(copy)


def test_another_version_says_which(copy: Path) -> None:
    path = copy / "bundle.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "format": 9, "miscible": "9.1"}), encoding="utf-8")
    with pytest.raises(BundleError, match=r"format 9, written by miscible 9\.1;.*reads format 2"):
        load_bundle(copy)


@pytest.mark.parametrize("content", ["[1, 2]", '{"a": 1}'])
def test_foreign_json(copy: Path, content: str) -> None:
    (copy / "bundle.json").write_text(content, encoding="utf-8")
    with pytest.raises(BundleError, match="not written by miscible"):
        load_bundle(copy)


def test_not_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_text("a\n")
    with pytest.raises(BundleError, match="no such bundle"):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(BundleError, match="no such bundle"):
        load_bundle(tmp_path / "file.csv")
    with pytest.raises(BundleError, match="not a bundle"):
        load_bundle(tmp_path)


def test_an_older_bundle_is_replaced(parts: BundleParts, copy: Path) -> None:
    (copy / "models" / "stale.txt").write_text("old")
    write_bundle(parts, copy)
    assert not (copy / "models" / "stale.txt").exists()
    assert [p.name for p in copy.parent.iterdir()] == ["copy"]
    load_bundle(copy)


def test_other_folders_and_files_are_kept(parts: BundleParts, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.md").write_text("dear")
    with pytest.raises(BundleError, match="holds something else"):
        write_bundle(parts, tmp_path / "thesis")
    with pytest.raises(BundleError, match="a file has the name"):
        write_bundle(parts, tmp_path / "thesis" / "chapter.md")
    assert (tmp_path / "thesis" / "chapter.md").read_text() == "dear"


class Failing:
    """A model whose saving fails half way."""

    note = ""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "half").write_text("half")
        raise self.error


@pytest.mark.parametrize(
    ("error", "expected"),
    [(OSError(28, "No space left on device"), BundleError), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_failure_leaves_the_old_bundle_and_nothing_else(
    parts: BundleParts, copy: Path, error: BaseException, expected: type[BaseException]
) -> None:
    before = everything(copy)
    models = (*parts.tasks[-1].models[:-1], Failing(error))
    last = replace(parts.tasks[-1], models=models)
    with pytest.raises(expected) as caught:
        write_bundle(replace(parts, tasks=(*parts.tasks[:-1], last)), copy)
    if expected is BundleError:
        assert "No space left" in str(caught.value) and str(copy) in str(caught.value)
    assert everything(copy) == before
    assert [p.name for p in copy.parent.iterdir()] == ["copy"]
    load_bundle(copy)


def test_full_disk_in_our_own_files(
    parts: BundleParts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(writing, "write_atomic", full)
    with pytest.raises(BundleError, match="No space left"):
        write_bundle(parts, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root writes everywhere")
def test_read_only_parent(parts: BundleParts, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(BundleError, match="cannot be written"):
            write_bundle(parts, tmp_path / "new")
    finally:
        tmp_path.chmod(0o700)


def test_parent_that_is_a_file(parts: BundleParts, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BundleError, match="cannot be written"):
        write_bundle(parts, tmp_path / "file" / "bundle")


def test_parts_that_do_not_fit(parts: BundleParts, tmp_path: Path) -> None:
    short = replace(parts.tasks[0], models=parts.tasks[0].models[:2])
    with pytest.raises(BundleError, match=r"'strength'.*2 models"):
        write_bundle(replace(parts, tasks=(short,)), tmp_path / "b")
    with pytest.raises(BundleError, match="no property"):
        write_bundle(replace(parts, tasks=()), tmp_path / "b")
