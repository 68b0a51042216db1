"""A study with two workers, started by a test that kills it."""

import sys
import time
from pathlib import Path

from small_studies import NETWORKS, small_frame, small_plan, small_table

from miscible.study import Cell, CellRecord, Silent, run_study


class Slow(Silent):
    """Leaves time to be killed after the first cell."""

    def finish(self, cell: Cell, record: CellRecord) -> None:
        time.sleep(2.0)


if __name__ == "__main__":
    plan = small_plan(NETWORKS, workers=2)
    run_study(plan, small_table(small_frame()), Path(sys.argv[1]), listener=Slow())
