"""One file per family: what each operation means, its kernel, and how it becomes instructions."""
