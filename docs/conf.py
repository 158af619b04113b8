"""Sphinx settings: ``make docs`` builds the pages with Furo and MyST, and treats warnings as errors."""

from __future__ import annotations

import sys
from pathlib import Path

import badgerelay

sys.path.insert(0, str(Path(__file__).parent))

project = "badgerelay"
author = "badgerelay maintainers"
copyright = "2026, badgerelay maintainers"  # noqa: A001 (Sphinx reads the setting by this name)
release = badgerelay.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "_ext.generated"]
exclude_patterns = ["_build", "_ext"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_class_signature = "mixed"

html_theme = "furo"
html_title = "badgerelay"
html_show_sourcelink = False
html_static_path: list[str] = []
