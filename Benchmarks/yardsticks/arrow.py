"""Reads a CSV file with pyarrow's streaming reader on one thread, as yardstick; prints rows, seconds, kilobytes.

usage: arrow.py FILE
"""

import resource
import sys
import time

import pyarrow
from pyarrow import csv

pyarrow.set_cpu_count(1)
pyarrow.set_io_thread_count(1)
start = time.perf_counter()
rows = 0
reader = csv.open_csv(sys.argv[1], read_options=csv.ReadOptions(use_threads=False))
for batch in reader:
    rows += batch.num_rows
seconds = time.perf_counter() - start
print(rows, seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
