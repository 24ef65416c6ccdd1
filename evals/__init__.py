"""Benchmarks: each module prints its tables, writes them as JSON to `evals/results/`, and the README shows those."""
