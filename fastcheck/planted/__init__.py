"""Mistakes as people make them, to be planted into the backward of a correct network.

``plant(name, net)`` gives a model whose loss is the network's and whose gradient has the mistake:
what a gradient checker is tested on.
"""

from fastcheck.planted.mistake import Mistake
from fastcheck.planted.network import Planted, applicable, plant
from fastcheck.planted.table import MISTAKES

__all__ = ["MISTAKES", "Mistake", "Planted", "applicable", "plant"]
