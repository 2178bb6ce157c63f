import re
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from fastcheck.data import mnist, torch_digits
from fastcheck.errors import (
    DataError,
    FastcheckError,
    InvalidArgument,
    InvalidType,
    MissingDependency,
    UnknownChoice,
)

FILES = [
    f"{prefix}-{kind}"
    for prefix in ("train", "t10k")
    for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
]
NEEDS_ROOT = (
    "must come with root, since the embedded digits have neither splits nor a download; "
    "give root, or leave "
)


def refused(error, message):
    return pytest.raises(error, match=f"^{re.escape(message)}")


@pytest.mark.parametrize(("split", "skipped"), [("train", 0), ("test", 60)])
@pytest.mark.parametrize("scale", ["unit", "raw"])
def test_the_same_digits_are_the_same_figures(torch_root, split, skipped, scale):
    found = mnist(30, root=torch_root, split=split, scale=scale, offset=5)
    for one, other in zip(found, mnist(30, scale=scale, offset=skipped + 5), strict=True):
        assert (one.dtype, one.flags.writeable) == (np.dtype("float64"), True)
        assert one.tobytes() == other.tobytes()


def test_a_path_may_be_text_and_the_default_split_is_the_training_set(torch_root, monkeypatch):
    monkeypatch.setenv("HOME", str(torch_root.parent))
    for root in (str(torch_root), f"~/{torch_root.name}"):
        x, t = mnist(60, root=root)
        np.testing.assert_array_equal(x, mnist(60)[0])
        np.testing.assert_array_equal(t, mnist(60)[1])


def test_nothing_is_downloaded_where_nothing_is_missing(torch_root, monkeypatch):
    monkeypatch.setattr("urllib.request.urlopen", lambda *_, **__: pytest.fail("downloads"))
    np.testing.assert_array_equal(mnist(9, root=torch_root, download=True)[0], mnist(9)[0])


@pytest.mark.parametrize(
    ("n", "options", "message"),
    [
        (
            1,
            {"offset": 60},
            "offset=60 must be less than the 60 digits there are; give at most 59",
        ),
        (
            41,
            {"split": "test"},
            "n=41 with offset=0 must not go beyond the 40 digits there are; give n <= 40",
        ),
        (0, {}, "n=0 must be an integer >= 1; ask for at least one digit"),
    ],
)
def test_the_range_is_that_of_the_split(torch_root, n, options, message):
    with refused(InvalidArgument, message):
        mnist(n, root=torch_root, **options)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"split": "tests"},
            UnknownChoice,
            "split='tests' is unknown; choose from 'train', 'test' (did you mean 'test'?)",
        ),
        ({"split": None, "root": "x"}, UnknownChoice, "split=None is unknown; choose from"),
        (
            {"split": "test"},
            InvalidArgument,
            f"split='test' {NEEDS_ROOT}split out",
        ),
        (
            {"download": True},
            InvalidArgument,
            f"download=True {NEEDS_ROOT}download out",
        ),
        (
            {"root": 3},
            InvalidType,
            "root=3 must be a path; give the folder that contains MNIST/raw",
        ),
        (
            {"root": "x", "download": "no"},
            InvalidType,
            "download='no' must be True or False; give False to read only",
        ),
    ],
)
def test_options_that_cannot_be_used(options, error, message):
    with refused(error, message):
        mnist(1, **options)


def test_without_torchvision_it_says_what_to_install(torch_root, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with refused(MissingDependency, f"root={str(torch_root)!r} must be read by torch") as caught:
        mnist(1, root=torch_root)
    assert 'install the extra "torch"' in str(caught.value)
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, FastcheckError)
    assert mnist(1)[0].shape == (1, 784)  # the embedded digits need neither


@pytest.mark.parametrize("name", FILES)
def test_one_missing_file_is_named(torch_root, name):
    raw = torch_root / "MNIST" / "raw"
    (raw / name).unlink()
    message = (
        f"root={str(torch_root)!r} must contain MNIST, but {str(raw)!r} lacks {name}; give "
        f"download=True, or run torchvision.datasets.MNIST({str(torch_root)!r}, download=True) once"
    )
    with refused(DataError, message):
        mnist(1, root=torch_root)


def test_an_empty_folder_lacks_all_four(tmp_path):
    with refused(DataError, f"root={str(tmp_path)!r} must contain MNIST") as caught:
        mnist(1, root=tmp_path)
    assert f"lacks {', '.join(FILES)};" in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_fails(tmp_path, monkeypatch):
    def offline(*args, **options):
        raise RuntimeError("Error downloading:\nTried it, got:\nno network")

    monkeypatch.setattr("torchvision.datasets.mnist.download_and_extract_archive", offline)
    raw = tmp_path / "MNIST" / "raw"
    message = f"root={str(tmp_path)!r} must be filled by a download, which failed (RuntimeError: "
    with refused(DataError, message) as caught:
        mnist(1, root=tmp_path, download=True)
    assert "no network" in str(caught.value)
    assert str(caught.value).endswith(f"); copy the files of MNIST into {str(raw)!r}")


@pytest.mark.parametrize(("split", "names"), [("train", FILES[:2]), ("test", FILES[2:])])
@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (lambda content: content[:-1], "bytes where its header promises"),
        (lambda content: content + b"\0", "bytes where its header promises"),
        (lambda content: b"", "starts with ''"),
        (lambda content: b"<htm" + content[4:], "starts with '3c68746d'"),
        (lambda content: content[:2] + b"\x0a" + content[3:], "has dtype code 0x0a"),
        (lambda content: content[:3] + b"\x00" + content[4:], "has 0 axes"),
        (lambda content: content[:4] + b"\xff" * 4 + content[8:], "header promises"),
        (lambda content: content[:4] + bytes(4) + content[8:], "with an axis of length 0"),
    ],
)
def test_a_damaged_file_is_named(torch_root, split, names, damage, fault):
    for name in names:
        path = torch_root / "MNIST" / "raw" / name
        intact = path.read_bytes()
        path.write_bytes(damage(intact))
        with refused(DataError, f"path={str(path)!r} ") as caught:
            mnist(1, root=torch_root, split=split)
        assert fault in str(caught.value)
        assert str(caught.value).endswith("; replace it with an intact IDX file")
        path.write_bytes(intact)
    assert mnist(1, root=torch_root, split=split)[0].shape == (1, 784)


def idx(*shape, code=8, fill=b"\1"):
    size = int(np.prod(shape)) * (1 if code == 8 else 4)
    return struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + fill * size


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        (FILES[0], idx(60, 27, 28), "holds images of shape (27, 28), not (28, 28)"),
        (FILES[1], idx(59), f"holds 59 labels for the 60 of {FILES[0]}"),
        (FILES[1], idx(60, fill=b"\x0a"), "holds the label 10, not within 0..9"),
    ],
)
def test_intact_files_that_are_no_digits(torch_root, name, content, fault):
    path = torch_root / "MNIST" / "raw" / name
    path.write_bytes(content)
    message = f"path={str(path)!r} {fault}; replace it with an intact file of MNIST"
    with refused(DataError, message):
        mnist(1, root=torch_root)


@pytest.mark.parametrize("content", [idx(60, code=12), idx(60, 1)])
def test_intact_files_that_torchvision_cannot_use(torch_root, content):
    raw = torch_root / "MNIST" / "raw"
    (raw / FILES[1]).write_bytes(content)
    message = f"path={str(raw / FILES[0])!r} and {FILES[1]} cannot be used by torchvision ("
    with refused(DataError, message):
        mnist(1, root=torch_root)


def test_a_file_that_cannot_be_read_is_named(torch_root, monkeypatch):
    def locked(path):
        raise PermissionError(13, "Permission denied")

    path = torch_root / "MNIST" / "raw" / FILES[0]
    path.write_bytes(b"")
    monkeypatch.setattr(torch_digits, "read_idx", locked)
    with refused(DataError, f"path={str(path)!r} cannot be read ([Errno 13] Permission denied); m"):
        mnist(1, root=Path(torch_root))
