"""Lets pytest say what was compared where one of these tests fails. Imported before them."""

import pytest

_HERE = "badgerelay.adapters.contract"
_TESTS = ("changing", "connecting", "discretion", "doubt", "issuing", "listing", "sending", "sharing", "trouble")

pytest.register_assert_rewrite(*(f"{_HERE}.{name}" for name in _TESTS))
