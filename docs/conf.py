"""How Sphinx builds these pages; warnings are errors (`make docs`)."""  # noqa: INP001 - Sphinx runs it, nobody imports it

import sys
from importlib.metadata import version as version_of
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

project = "klio"
author = "the authors of klio"
copyright = "the authors of klio, Apache License 2.0"  # noqa: A001 - Sphinx's name for it
release = version = version_of("klio")

extensions = ["myst_parser", "sphinx.ext.autodoc", "docs._ext.klio_docs"]
exclude_patterns = ["_build"]
smartquotes = False  # options begin with two hyphens
html_theme = "furo"
html_title = "klio"
html_static_path = ["_static"]
html_show_sphinx = False

myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

default_role = "code"  # docstrings are read as text too, where one backtick is enough
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
nitpicky = False
