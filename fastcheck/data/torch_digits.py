"""MNIST as torchvision keeps it on disk. Torch and torchvision are imported only when asked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastcheck.data.idx import read_idx
from fastcheck.errors import DataError, InvalidType, MissingDependency

__all__ = ["PREFIXES", "read_split", "torch_one_hot"]

PREFIXES = {"train": "train", "test": "t10k"}
"""Each split and what the names of its files start with."""

_IMAGES, _LABELS = "images-idx3-ubyte", "labels-idx1-ubyte"


def read_split(
    root: str | os.PathLike[str], split: str, *, download: bool
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Read one split through ``torchvision.datasets.MNIST``.

    Parameters
    ----------
    root : str or path-like
        The folder that contains ``MNIST/raw``; "~" is the home folder.
    split : {"train", "test"}
    download : bool
        Whether torchvision may fetch what is missing.

    Returns
    -------
    images : ndarray, shape (N, 28, 28), uint8
    labels : ndarray, shape (N,), int64

    Raises
    ------
    InvalidType
        If `root` is not a path or `download` not a bool.
    MissingDependency
        If torchvision is not installed.
    DataError
        If files are missing, damaged or no digits.
    """
    if not isinstance(download, bool):
        raise InvalidType(f"download={download!r} must be True or False; give False to read only")
    try:
        path = Path(root).expanduser()
    except TypeError:
        raise InvalidType(
            f"root={root!r} must be a path; give the folder that contains MNIST/raw"
        ) from None
    datasets = _torchvision(path).datasets
    try:
        dataset = datasets.MNIST(str(path), train=split == "train", download=download)
    except Exception as error:  # it raises AssertionError, KeyError, TypeError, ... alike
        raise _fault(path, split, error, download=download) from error
    images, labels = dataset.data.numpy(), dataset.targets.numpy()
    _check_digits(_files(path, split), images, labels)
    return images, labels


def torch_one_hot(labels: npt.NDArray[Any], classes: int) -> npt.NDArray[np.float64]:
    """Return one-hot rows, shape (N, classes), of int64 labels (N,), by torch."""
    import torch

    rows = torch.nn.functional.one_hot(torch.from_numpy(labels), classes)
    result: npt.NDArray[np.float64] = rows.to(torch.float64).numpy()
    return result


def _torchvision(root: Path) -> Any:
    try:
        import torchvision
    except ImportError as error:
        raise MissingDependency(
            f"root={str(root)!r} must be read by torchvision, which cannot be imported ({error}); "
            'install the extra "torch" (pip install ".[torch]" beside the sources), '
            "or leave root out for the embedded digits"
        ) from error
    return torchvision


def _files(root: Path, split: str) -> tuple[Path, Path]:
    folder = root / "MNIST" / "raw"
    return folder / f"{PREFIXES[split]}-{_IMAGES}", folder / f"{PREFIXES[split]}-{_LABELS}"


def _fault(root: Path, split: str, error: Exception, *, download: bool) -> DataError:
    """Return what is wrong with the files that torchvision could not read."""
    reason = " ".join(f"{type(error).__name__}: {error}".split())
    # Of both splits, since torchvision reads none unless it finds all.
    files = [file for each in PREFIXES for file in _files(root, each)]
    missing = [file.name for file in files if not file.is_file()]
    if missing and download:
        return DataError(
            f"root={str(root)!r} must be filled by a download, which failed ({reason}); "
            f"copy the files of MNIST into {str(files[0].parent)!r}"
        )
    if missing:
        return DataError(
            f"root={str(root)!r} must contain MNIST, but {str(files[0].parent)!r} lacks "
            f"{', '.join(missing)}; give download=True, or run "
            f"torchvision.datasets.MNIST({str(root)!r}, download=True) once"
        )
    images, labels = _files(root, split)
    return (
        _damage(images)
        or _damage(labels)
        or _no_digits(images, f"and {labels.name} cannot be used by torchvision ({reason})")
    )


def _damage(file: Path) -> DataError | None:
    try:
        read_idx(file)
    except DataError as error:
        return error
    except OSError as error:
        return DataError(f"path={str(file)!r} cannot be read ({error}); make it readable")
    return None


def _check_digits(
    files: tuple[Path, Path], images: npt.NDArray[Any], labels: npt.NDArray[Any]
) -> None:
    images_file, labels_file = files
    if images.shape[1:] != (28, 28):
        raise _no_digits(images_file, f"holds images of shape {images.shape[1:]}, not (28, 28)")
    if len(images) != len(labels):
        raise _no_digits(
            labels_file, f"holds {len(labels)} labels for the {len(images)} of {images_file.name}"
        )
    if labels.size and not 0 <= labels.min() <= labels.max() <= 9:
        raise _no_digits(labels_file, f"holds the label {labels.max()}, not within 0..9")


def _no_digits(file: Path, fault: str) -> DataError:
    return DataError(f"path={str(file)!r} {fault}; replace it with an intact file of MNIST")
