"""Benchmarks: engines and peers side by side with the classic Python loop, on the classic network.

``python -m bench`` prints the table that the README shows: interleaved rounds, ratios to the
reference loop of the same round, the largest error of each. ``python -m pytest bench`` runs the
same competitors one after the other under pytest-benchmark, for its statistics, its storage and its
comparisons between versions.
"""
