"""Keeps what it is told on standard input; a real one would call somebody."""

import sys

with open(sys.argv[1], "ab") as file:
    file.write(sys.stdin.buffer.read())
