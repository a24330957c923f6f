"""Configuration of the documentation's site: Sphinx with MyST, which reads Markdown, and furo.

`make docs` builds it; every warning, a dead link among them, is an error.
"""

project = "c4forge"
author = "c4forge developers"
copyright = author
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "c4forge"
html_show_sphinx = False
html_copy_source = False
html_show_copyright = False
