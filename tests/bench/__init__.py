"""The benchmark: ``python -m tests.bench`` from the checkout. Never run by pytest: a clock is no test."""
