"""The style sheet of HTML pages: light and dark, and without fonts or files to load."""

from __future__ import annotations

# Okabe and Ito's colours, which colour-blind people can distinguish; after eight models they repeat
_COLOURS = (
    "#888888",
    "#e69f00",
    "#0072b2",
    "#009e73",
    "#d55e00",
    "#cc79a7",
    "#56b4e9",
    "#b8a800",
)
MODELS = 24


def _models() -> str:
    return "".join(
        f".m{k}{{color:{_COLOURS[k % len(_COLOURS)]}}}circle.m{k}{{fill:currentColor}}"
        f"path.m{k}{{stroke:currentColor}}"
        for k in range(MODELS)
    )


STYLE = """
:root{color-scheme:light dark}
body{font:15px/1.45 system-ui,sans-serif;max-width:1180px;margin:24px auto;padding:0 16px}
h1{font-size:1.5em}h2{margin-top:1.8em;border-bottom:1px solid #8886;padding-bottom:4px}
h3{font-size:1em;margin:1.6em 0 0}p{margin:.5em 0}
.note{color:#777;font-size:.88em}.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;margin:.6em 0}
td,th{padding:3px 10px;border-bottom:1px solid #8883;text-align:right;white-space:nowrap}
td:first-child,th:first-child{text-align:left}tr:first-child th{border-bottom:2px solid #8886}
tr:not(:first-child) th{font-weight:500}
details td{white-space:normal;text-align:left;word-break:break-all}
summary{cursor:pointer;padding:4px 0}
.charts{display:flex;flex-wrap:wrap;gap:14px}.legend span{margin-right:14px;font-weight:600}
svg{width:460px;max-width:100%;font-size:11px}
svg text{fill:currentColor}svg .mid{text-anchor:middle}svg .end{text-anchor:end}
svg .line{stroke:#8884;fill:none}svg .curve{fill:none;stroke-width:2}svg circle{fill-opacity:.85}
figure{margin:18px 0;padding:12px;border:1px solid #8884;border-radius:8px}
figcaption{font-weight:600;margin-bottom:8px}img{max-width:100%;display:block}
""" + _models()
