"""What gradient returned: names, types, shapes, dtypes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

W, B = np.arange(1.0, 7.0).reshape(2, 3), np.array([0.5, -0.5])


def found(model, examine, returned, parameter="w"):
    """The evidence where gradient returns `returned`, or that as the entry of one parameter."""

    def gradient(self, x, t):
        fresh = self.honest_gradient()
        if callable(returned):
            return returned(fresh)
        # Each time another array: one that is used again is worth a note.
        return {**fresh, parameter: returned.copy() if hasattr(returned, "copy") else returned}

    return examine(model(gradient=gradient))


class Tensor:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array.copy()


class OldTensor:
    """Written before NumPy 2: no argument `copy`."""

    def __array__(self, dtype=None):
        return W.copy()


class Broken:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("call detach() first")


class Lazy(Mapping):
    def __getitem__(self, name):
        raise OSError("no such file")

    def __iter__(self):
        return iter(["w", "b"])

    def __len__(self):
        return 2


@pytest.mark.parametrize(
    ("entry", "kind", "message"),
    [
        (
            None,
            "missing",
            "gradient['w']=None, must be a float array of shape (2, 3); return one",
        ),
        (
            Broken(),
            "dtype",
            (
                "its gradient of type Broken must be a float array, but its conversion raises "
                "RuntimeError: call detach() first; return a float array"
            ),
        ),
        (W.astype(object), "dtype", "its gradient is of dtype object, must be real numbers"),
        ("text", "dtype", "its gradient is of dtype <U4, must be real numbers; return float arr"),
        (W + 0j, "dtype", "its gradient is of dtype complex128, must be real numbers; return"),
        (W > 2, "dtype", "its gradient is of dtype bool, must be real numbers; return float"),
        (object(), "dtype", "its gradient is of dtype object, must be real numbers; return float"),
        ({}, "dtype", "its gradient is of dtype object, must be real numbers; return float"),
        (
            [[1.0], [2.0, 3.0]],
            "dtype",
            "its gradient of type list must be a float array, but its conversion raises ValueError",
        ),
        (
            W.T.copy(),
            "shape",
            (
                "its gradient has shape (3, 2), the parameter (2, 3); they must agree: "
                "return its transpose"
            ),
        ),
        (
            np.ones((5, 2, 3)),
            "shape",
            (
                "its gradient has shape (5, 2, 3), the parameter (2, 3); they must agree: "
                "sum over the first axis, the batch"
            ),
        ),
        (
            np.ones((1, 2, 3)),
            "shape",
            (
                "its gradient has shape (1, 2, 3), the parameter (2, 3); they must agree: "
                "sum without keepdims, or reshape it"
            ),
        ),
        (
            3.0,
            "shape",
            (
                "its gradient has shape (), the parameter (2, 3); they must agree: "
                "look at the sums and products that make it"
            ),
        ),
        (np.array(3.0), "shape", "its gradient has shape (), the parameter (2, 3)"),
    ],
)
def test_an_entry_that_cannot_be_compared(model, examine, entry, kind, message):
    evidence = found(model, examine, entry)
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == ("w", kind, True)
    assert finding.message.startswith(message)
    assert evidence.gradient["w"].shape == (2, 3)
    assert np.isnan(evidence.gradient["w"]).all()
    assert np.array_equal(evidence.gradient["b"], B)
    assert evidence.repeat == {}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (
            W.astype(np.float32),
            (
                "its gradient is of dtype float32, the parameter of float64: rounded more than "
                "need be, and judged so; compute it in float64 throughout"
            ),
        ),
        (W.astype(np.float16), "its gradient is of dtype float16, the parameter of float64"),
        (
            W.astype(int),
            "its gradient is of dtype int64, which has no fractions; return a float array",
        ),
        (
            W.tolist(),
            (
                "its gradient is of type list, taken as an array of dtype float64; return a float "
                "array"
            ),
        ),
        (Tensor(W), "its gradient is of type Tensor, taken as an array of dtype float64"),
        (OldTensor(), "its gradient is of type OldTensor, taken as an array of dtype float64"),
    ],
)
def test_an_entry_that_is_taken_with_a_note(model, examine, entry, message):
    evidence = found(model, examine, entry)
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == ("w", "dtype", False)
    assert finding.message.startswith(message)
    assert np.array_equal(evidence.gradient["w"], W)


@pytest.mark.parametrize(
    "entry",
    [
        W.astype(np.longdouble),
        W.astype(">f8"),
        np.ma.MaskedArray(W),
        np.asfortranarray(W),
        np.broadcast_to(np.float64(2.0), (2, 3)),
        W.view(np.memmap),
    ],
    ids=["longdouble", "big-endian", "unmasked", "fortran", "broadcast", "memmap"],
)
def test_an_entry_that_is_as_good_as_any(model, examine, entry):
    evidence = found(model, examine, entry)
    assert [finding.kind for finding in evidence.findings if finding.kind != "aliased"] == []
    assert np.array_equal(evidence.gradient["w"], entry)


def test_a_single_number_for_a_parameter_that_is_one(model, examine):
    single = model(gradient=lambda self, x, t: {"s": 2.0})
    single.params = {"s": np.array(2.0)}
    evidence = examine(single)
    assert evidence.findings == ()
    assert evidence.gradient["s"].shape == ()


def test_masked_elements(model, examine):
    entry = np.ma.MaskedArray(W, mask=W > 4)
    evidence = found(model, examine, lambda fresh: {**fresh, "w": entry.copy()})
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == ("w", "dtype", True)
    assert finding.message == (
        "its gradient is a masked array with 2 of 6 elements masked, must have them all; return a "
        "plain float array"
    )
    assert np.array_equal(np.isnan(evidence.gradient["w"]), W > 4)


def test_what_is_not_finite(model, examine):
    entry = np.array([[1.0, np.nan, -np.inf], [np.nan, 2.0, 3.0]])
    evidence = found(model, examine, lambda fresh: {**fresh, "w": entry.copy()})
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == ("w", "non-finite", True)
    assert finding.message == (
        "its gradient holds 2 nan and 1 infinite of 6 elements, the first at [0, 1], must be "
        "finite; look for an overflow or a division by 0 in the backward"
    )
    assert finding.evidence == {"nan": 2, "infinite": 1, "total": 6}
    assert np.array_equal(evidence.gradient["w"], entry, equal_nan=True)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (
            lambda fresh: None,
            (
                "gradient returned NoneType, must be a dict like params: name to array; does it "
                "end without return?"
            ),
        ),
        (
            lambda fresh: 3.0,
            (
                "gradient returned float, must be a dict like params: name to array; return one "
                "entry for every name"
            ),
        ),
        (
            lambda fresh: list(fresh.values())[::-1],
            (
                "gradient returned list, must be a dict like params: name to array; return one "
                "entry for every name"
            ),
        ),
        (lambda fresh: [Broken(), Broken()], "gradient returned list, must be a dict"),
        (
            lambda fresh: Lazy(),
            (
                "gradient returned Lazy, must be a dict like params: name to array; reading its "
                "entries raises OSError: no such file: return a plain dict"
            ),
        ),
    ],
)
def test_what_is_no_mapping(model, examine, returned, message):
    evidence = found(model, examine, returned)
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == (None, "missing", True)
    assert finding.message.startswith(message)
    assert all(np.isnan(array).all() for array in evidence.gradient.values())


@pytest.mark.parametrize("kind", [list, tuple])
def test_gradients_in_the_order_of_params(model, examine, kind):
    evidence = found(model, examine, lambda fresh: kind(fresh.values()))
    (finding,) = evidence.findings
    assert (finding.parameter, finding.kind, finding.severe) == (None, "missing", True)
    assert finding.message == (
        f"gradient returned {kind.__name__}, must be a dict like params: name to array; its items "
        "fit params in their order and are taken so: return dict(zip(params, items))"
    )
    assert np.array_equal(evidence.gradient["w"], W)


def test_missing_and_extra_names(model, examine):
    (missing,) = found(model, examine, lambda fresh: {"w": fresh["w"]}).findings
    assert (missing.parameter, missing.kind, missing.severe) == ("b", "missing", True)
    assert missing.message == (
        "gradient has no entry for this parameter; return one for every name in params"
    )
    missing, extra = found(model, examine, lambda fresh: {"w": fresh["w"], "db": 1}).findings
    assert missing.message == (
        "gradient has no entry for this parameter; return one for every name in params; it has "
        "'db', which params has not"
    )
    assert (extra.parameter, extra.kind, extra.severe) == (None, "extra", False)
    assert extra.message == (
        "gradient has entries 'db', must be names in params: 'w', 'b'; leave them out, or name "
        "them as there"
    )
    more = dict.fromkeys(range(10), 0.0)
    (extra,) = found(model, examine, lambda fresh: {**fresh, **more}).findings
    assert "entries 0, 1, 2, 3, 4, 5, 6, 7 and 2 more, must be" in extra.message
