"""What the verdict is worth, measured: ``python -m bench.trust``.

Eight tables: false alarms on random correct networks, how tight the bounds are, planted mistakes
missed and diagnosed, one wrong weight, the classic step, the cost, and mistakes in trained
networks. Each ends with what has to be reached, beside what was.
"""
