"""Keeps what it is told on standard input; a real one would call somebody."""

import sys

with open(sys.argv[1], "a", encoding="utf-8") as file:
    file.write(sys.stdin.read())
