"""The duties of every adapter, as tests for pytest.

Subclass ``AdapterContract`` with an empty body and define the fixture ``provider``::

    class TestMyAdapter(AdapterContract):
        @pytest.fixture
        def provider(self):
            with over_sandbox(MyAdapter) as provider:
                yield provider
"""

from .provider import Provider  # isort: skip  (first: it lets pytest rewrite the tests' asserts)
from .all import AdapterContract
from .memory import MemoryRecords, MemoryStorage
from .sandboxed import over_sandbox

__all__ = ["AdapterContract", "MemoryRecords", "MemoryStorage", "Provider", "over_sandbox"]
