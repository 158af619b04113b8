"""Further files of a new distribution, apart from the adapter. ``@name@`` and the like are placeholders."""

PYPROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "badgerelay-@name@"
version = "0.1.0"
description = "@name@ as a badge provider of badgerelay"
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["badgerelay>=@version@"]

[project.optional-dependencies]
test = ["pytest>=8.3"]

[project.entry-points."badgerelay.adapters"]
@name@ = "@module@.adapter:@Class@Adapter"

[tool.setuptools]
packages = ["@module@"]

[tool.setuptools.package-data]
@module@ = ["py.typed"]

[tool.pytest.ini_options]
testpaths = ["tests"]
"""

README = """\
# badgerelay-@name@

@name@ as a badge provider of badgerelay.

```sh
pip install -e '.[test]'
pytest                                # the contract, over the stub
badgerelay adapter list               # @name@ is there
badgerelay sandbox @name@ --port 9001 > @name@.toml &
curl -s --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:9001/_sandbox/faults
badgerelay connect --from @name@.toml
kill $(jobs -p)                       # stop the sandbox
```

| file | what to change |
|---|---|
| `@module@/stub.py` | answer as your provider's documentation says; make each uncertain point a knob |
| `@module@/settings.py` | what a connection needs: host, keys, ids |
| `@module@/client.py` | authentication, and what each HTTP status means |
| `@module@/adapter.py` | the capabilities, and each method in terms of the provider's API |
| `tests/test_contract.py` | nothing, or further tests of your own |

badgerelay's guide to adapters, `docs/start/new-provider.md` in its repository, goes through them in that order.
"""

TESTS = '''\
"""Run badgerelay's contract for adapters against the stub, over real HTTP."""

from collections.abc import Iterator

import pytest
from badgerelay.adapters.contract import AdapterContract, Provider, over_sandbox
from @module@.adapter import @Class@Adapter


class Test@Class@(AdapterContract):
    pass


@pytest.fixture
def provider() -> Iterator[Provider]:
    with over_sandbox(@Class@Adapter) as provider:
        yield provider
'''

INIT = '"""@name@ as a badge provider of badgerelay."""\n'

GITIGNORE = "__pycache__/\n*.egg-info/\nbuild/\ndist/\n.venv/\n.pytest_cache/\n"
