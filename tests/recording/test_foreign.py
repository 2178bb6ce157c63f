import sys
import types

import pytest

from fastcheck.recording import foreign


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("numpy", True),
        ("numpy.linalg", True),
        ("scipy.special", True),
        ("collections", True),
        ("json.decoder", True),
        ("builtins", True),
        (None, True),
        ("fastcheck.recording.array", True),
        ("fastcheck", True),
        ("fastcheck.nn.layers", False),
        ("numpynet", False),
        ("__main__", False),
        ("mynet.layers", False),
    ],
)
def test_whose_code_it_is(module, expected):
    assert foreign.is_foreign(module) is expected


def test_a_users_module_with_a_standard_name_is_the_users(monkeypatch, tmp_path):
    mine = types.ModuleType("this")
    mine.__file__ = str(tmp_path / "this.py")
    monkeypatch.setitem(sys.modules, "this", mine)
    monkeypatch.setattr(foreign, "_is_standard", foreign._is_standard.__wrapped__)
    assert not foreign.is_foreign("this")
