"""Numerical gradients: the classic loop, and the recorded program run by compiled kernels."""
