#!/usr/bin/env python3
"""Checks Slack's rules at the simulator with the official Python client.

    pip install slack-sdk
    python3 slack_sdk_rules.py http://127.0.0.1:PORT [bot token]

The simulator must run without the app (`serve_standalone`). Each rule is one function, which checks
that the simulator answers as Slack does. Prints `N passed, M failed`; the exit code is 1 when one failed.
"""

import sys

import rules_channels  # noqa: F401  (each file adds its rules to the list)
import rules_marks_and_modals  # noqa: F401
import rules_people  # noqa: F401
from simulator_client import RULES, sim


def main():
    passed, failed = 0, 0
    for function in RULES:
        sim("lift_faults")
        # Resets the rate limits, so that one rule does not affect the next.
        sim("limits", on=True)
        try:
            function()
            passed += 1
        except Exception as error:
            failed += 1
            print(f"FAILED {function.__name__}: {type(error).__name__}: {error}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
