#!/bin/sh
# Works on a batch: its items are lines of JSON on standard input.
while read -r item; do
    printf '%s\n' "$item"
done
