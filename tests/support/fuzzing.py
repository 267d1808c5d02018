"""How long tests with random input take: a short run that always draws the same, or seconds of new ones."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

SHORT_S = 5.0  # about what all short runs under hypothesis take together
seconds = 0.0  # --fuzz-seconds


def examples(short: int) -> settings:
    """Settings of a test that draws ``short`` cases in a short run."""
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    if seconds:
        most = max(short, round(short * seconds / SHORT_S))
        return settings(max_examples=most, deadline=None, suppress_health_check=slow, print_blob=True)
    return settings(
        max_examples=short, deadline=None, suppress_health_check=slow, derandomize=True, database=None
    )
