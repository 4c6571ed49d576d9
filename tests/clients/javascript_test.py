"""The AWS SDK for JavaScript v3, unchanged: all operations, in javascript/operations.test.mjs."""

import os
import pathlib
import subprocess
import unittest

from server import Server


class JavaScript(unittest.TestCase):
    def test_all_operations(self):
        server = Server()
        self.addCleanup(server.remove)
        done = subprocess.run(
            ["node", "--test", "operations.test.mjs"], cwd=pathlib.Path(__file__).parent / "javascript",
            env={**os.environ, "STEPWRIGHT_ENDPOINT": server.endpoint}, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
