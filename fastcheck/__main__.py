"""``python -m fastcheck``: the same as the command ``fastcheck``."""

from __future__ import annotations

import sys

from fastcheck.cli import main

sys.exit(main())
