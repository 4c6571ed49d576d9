"""Runs all tests of this directory, in two lanes at a time: most of their time they wait. Says how long each took.

    all.py [PART OF A NAME]…
"""

import pathlib
import sys
import threading
import time
import unittest

import homes

# What takes messages away, or changes the configuration of functions, is in one lane; the others bear it.
TOGETHER = {"DeployTest", "RecoveryTest"}


class Told(unittest.TestResult):
    """A line for each test when it is over; what went wrong in the end."""

    lock = threading.Lock()

    def startTest(self, test):
        super().startTest(test)
        self.began, self.wrong_before = time.monotonic(), self.wrong()

    def stopTest(self, test):
        super().stopTest(test)
        how = "ok" if self.wrong() == self.wrong_before else "WRONG"
        with self.lock:
            print(f"{how} {time.monotonic() - self.began:5.1f} s {test.id()}", flush=True)

    def wrong(self):
        return len(self.failures) + len(self.errors) + len(self.unexpectedSuccesses)


def classes(found, parts):
    """Suites by test class, of the tests whose names have one of these parts."""
    suites = {}
    for module in found:
        for suite in module:
            for test in suite if isinstance(suite, unittest.TestSuite) else [suite]:
                if not parts or any(part in test.id() for part in parts):
                    suites.setdefault(type(test).__name__, unittest.TestSuite()).addTest(test)
    return suites


def main():
    began = time.monotonic()
    found = unittest.defaultTestLoader.discover(str(pathlib.Path(__file__).parent), pattern="*_test.py")
    suites = classes(found, sys.argv[1:])
    homes.local(), homes.cloud()
    print(f"deployed in {time.monotonic() - began:.0f} s", flush=True)
    lanes = [
        unittest.TestSuite(suite for name, suite in suites.items() if (name in TOGETHER) == together)
        for together in (True, False)
    ]
    results = [Told(), Told()]
    threads = [threading.Thread(target=lane.run, args=(result,)) for lane, result in zip(lanes, results)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wrong = [pair for result in results for pair in result.failures + result.errors]
    for test, why in wrong:
        print(f"\n{'=' * 70}\n{test}\n{why}")
    run = sum(result.testsRun for result in results)
    print(f"\n{run} tests in {time.monotonic() - began:.0f} s, {len(wrong)} wrong")
    sys.exit(1 if wrong or not run else 0)


if __name__ == "__main__":
    main()
