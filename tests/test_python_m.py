"""``python -m miscible`` is the command line."""

import os
import subprocess
import sys
from pathlib import Path

from miscible import __version__


def test_the_package_runs_as_a_module():
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "miscible", "--version"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"miscible {__version__}"
