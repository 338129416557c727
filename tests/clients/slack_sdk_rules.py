#!/usr/bin/env python3
"""Slack's rules, as the official Python client meets them at the simulator.

    pip install slack-sdk
    python3 slack_sdk_rules.py http://127.0.0.1:PORT [bot token]

The workspace must stand alone (`wardroom simulator`). Each rule is one function: the client is
served or refused as Slack would. Prints `N passed, M failed`; exit code 1 when one failed.
"""

import sys

import rules_marks_and_modals  # noqa: F401  (each file adds its rules to the list)
import rules_people  # noqa: F401
import rules_rooms  # noqa: F401
from simulator_client import RULES, sim


def main():
    passed, failed = 0, 0
    for function in RULES:
        sim("lift_faults")
        # Each rule begins with fresh meters: the limits are for the rules about limits.
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
