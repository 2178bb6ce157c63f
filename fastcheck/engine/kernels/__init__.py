"""The compiled loops: Numba only, arrays in, ``out`` filled."""
