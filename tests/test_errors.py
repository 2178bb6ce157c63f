import pickle
import re

import numpy as np
import pytest

from fastcheck import errors
from fastcheck.errors import (
    CannotRecord,
    DataError,
    FastcheckError,
    GradientMismatch,
    InternalError,
    InvalidArgument,
    InvalidType,
    MissingDependency,
    UnknownChoice,
    check_integer,
    check_positive,
    unknown_choice,
)


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (InvalidArgument, ValueError),
        (InvalidType, TypeError),
        (UnknownChoice, ValueError),
        (DataError, ValueError),
        (CannotRecord, RuntimeError),
        (GradientMismatch, AssertionError),
        (InternalError, RuntimeError),
        (MissingDependency, ImportError),
    ],
)
def test_each_error_is_of_the_family_and_the_builtin_that_fits(error, builtin):
    assert issubclass(error, FastcheckError)
    assert issubclass(error, builtin)


def test_all_lists_every_public_name():
    defined = {
        name
        for name, value in vars(errors).items()
        if getattr(value, "__module__", None) == errors.__name__ and not name.startswith("_")
    }
    assert set(errors.__all__) == defined


@pytest.mark.parametrize(
    ("value", "suffix"),
    [
        ("sofmax", " (did you mean 'softmax'?)"),
        ("SOFTMAX", " (did you mean 'softmax'?)"),
        ("zzz", ""),
        (3, ""),
    ],
)
def test_unknown_choice_lists_the_choices_and_the_nearest(value, suffix):
    error = unknown_choice("loss", value, iter(["softmax", "squared"]))
    assert type(error) is UnknownChoice
    assert str(error) == (f"loss={value!r} is unknown; choose from 'softmax', 'squared'" + suffix)


def test_too_many_choices_are_listed_elsewhere():
    error = unknown_choice("plant", "noise", iter(["nose", "mouth"]), listed_by="program --list")
    assert str(error) == (
        "plant='noise' is unknown; 'program --list' lists all 2 that there are "
        "(did you mean 'nose'?)"
    )


def test_cannot_record_says_what_and_where():
    with pytest.raises(CannotRecord, match=r"^cannot record float\(\) at net.py:7: it ends it$"):
        raise CannotRecord(operation="float()", filename="net.py", line=7, reason="it ends it")
    with pytest.raises(TypeError, match="positional"):
        CannotRecord("float()", "net.py", 7, "it ends it")


def test_errors_with_attributes_survive_pickling():
    error = CannotRecord(operation="float()", filename="net.py", line=7, reason="it ends it")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), vars(copy)) == (CannotRecord, str(error), vars(error))

    mismatch = pickle.loads(pickle.dumps(GradientMismatch("W1[0, 0] differs", {"passed": False})))
    assert (str(mismatch), mismatch.report) == ("W1[0, 0] differs", {"passed": False})


@pytest.mark.parametrize("value", [2, np.int8(2), np.array(2)])
def test_check_integer_returns_an_int(value):
    number = check_integer("n", value, minimum=2, remedy="give 2")
    assert (type(number), number) == (int, 2)


@pytest.mark.parametrize(
    ("value", "error"),
    [(1, InvalidArgument), (2.0, InvalidType), (True, InvalidType), ("2", InvalidType)],
)
def test_check_integer_refuses(value, error):
    message = f"n={value!r} must be an integer >= 2; give 2"
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        check_integer("n", value, minimum=2, remedy="give 2")


@pytest.mark.parametrize("value", [0.5, np.float64(0.5), np.float32(0.5)])
def test_check_positive_returns_a_python_float(value):
    number = check_positive("step", value, remedy="give 0.5")
    assert (type(number), number) == (float, 0.5)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (0, InvalidArgument),
        (-1.5, InvalidArgument),
        (float("nan"), InvalidArgument),
        (float("inf"), InvalidArgument),
        (True, InvalidType),
        ("1", InvalidType),
        (None, InvalidType),
    ],
)
def test_check_positive_refuses(value, error):
    message = f"step={value!r} must be a positive finite number; give 0.5"
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        check_positive("step", value, remedy="give 0.5")
