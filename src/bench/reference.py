#!/usr/bin/env python3
"""Writes rules/perf/reference.yaml: reference.py "words for the machine" bench.json…

Of several runs the quietest counts, row by row: other jobs only ever add time."""
import json
import sys

best = {}
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as f:
        doc = json.load(f)
    for r in doc["rows"]:
        if r["in_use"] and (r["id"] not in best or r["p25_ns"] < best[r["id"]]["p25_ns"]):
            best[r["id"]] = r
rows = {}
for r in best.values():
    rows[r["id"]] = f"{r['p25_ns'] / 1000:.4g}" + (f" {r['gb_s']:.4g}" if "gb_s" in r else "")
print("# Made by src/bench/reference.py from a run of `pqmap bench`. Microseconds of one operation (lower")
print("# quartile), and GB/s for bulk operations.")
print()
print("- id: perf.reference")
print(f"  host: \"{sys.argv[1]}\"")
print(f"  date: \"{doc['date']}\"")
print(f"  version: \"{doc['tool_version']}\"")
print("  rows:")
for k in sorted(rows):
    print(f"    {k}: {rows[k]}")
print("  why: Estimates need numbers before anyone has measured; they say that they come from here.")
print("  refs: [libhyb]")
print("  hit: [x25519.derive, ml-kem-768.encaps, tls-1-3.key-schedule]")
print("  miss: [x448.derive]")
