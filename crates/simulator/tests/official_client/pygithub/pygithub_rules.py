#!/usr/bin/env python3
"""Checks GitHub's rules at the simulator with PyGithub.

    pip install PyGithub
    python3 pygithub_rules.py http://127.0.0.1:PORT

Each rule is one function. Prints `N passed, M failed`; the exit code is 1 when one failed.
"""

import sys

import rules  # noqa: F401  (it adds its rules to the list)
from simulator_github import RULES, workspace


def main():
    passed, failed = 0, 0
    for function in RULES:
        workspace("lift_faults")
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
