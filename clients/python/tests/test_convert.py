"""What becomes of a scikit-learn pipeline before any server is asked."""

from __future__ import annotations

import sys
import unittest
from unittest import mock

from hindcast import HindcastError, PackagesMissing, push


class WithoutThePackages(unittest.TestCase):
    def test_push_says_once_what_to_install_and_leads_to_no_registry(self) -> None:
        # The first one that is looked for: what is imported under a patch is forgotten behind it, and onnx loads once.
        with mock.patch.dict(sys.modules, {"onnx": None}), self.assertRaises(PackagesMissing) as raised:
            push(object(), [[1.0]], "py-nothing")
        said = str(raised.exception)
        self.assertEqual(said.count('pip install "./clients/python[sklearn]"'), 1)
        self.assertNotIn("convert", said)
        self.assertIsInstance(raised.exception, HindcastError)
        self.assertIsInstance(raised.exception, ImportError)


if __name__ == "__main__":
    unittest.main()
