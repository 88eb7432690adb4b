"""Says at the end of a test run how many rows of the table fail today, by kind."""

from collections import Counter

import pytest

FUNCTION = "test_misbehaviours.py::test_misbehaviour["


def _kind(report: pytest.TestReport) -> str | None:
    _, found, name = report.nodeid.partition(FUNCTION)
    return name.partition("/")[0] if found else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line with the number of rows that fail today."""
    rows: Counter[str] = Counter()
    failing: Counter[str] = Counter()
    for outcome in ("passed", "failed", "xfailed"):
        for report in terminalreporter.stats.get(outcome, ()):
            if getattr(report, "when", "") == "call" and (kind := _kind(report)):
                rows[kind] += 1
                failing[kind] += outcome != "passed"
    if failing.total():
        parts = ", ".join(f"{kind} {failing[kind]} of {rows[kind]}" for kind in sorted(rows) if failing[kind])
        terminalreporter.write_line(f"{failing.total()} of {rows.total()} misbehaviours are not met yet: {parts}")
