"""Lists of checks from a TOML file."""

from fastcheck.batch.jobs import Job, load_jobs
from fastcheck.batch.runner import Outcome, run_jobs

__all__ = ["Job", "Outcome", "load_jobs", "run_jobs"]
