"""Benchmarks: engines and peers side by side with the classic Python loop.

``python -m bench`` prints all its parts, ``python -m bench PART ...`` some: *classic*, the table
that the README shows (interleaved rounds, ratios to the reference loop of the same round, the
largest error of each); *accuracy*; *deep*; *growth*; *start*. Each ends with what has to be
reached, beside what was. ``python -m pytest bench`` runs the same competitors one after the other
under pytest-benchmark, for its statistics, its storage and its comparisons between versions.
"""
