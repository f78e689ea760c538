"""Payloads for whoever looks at the results: in pages, in terminals and in spreadsheets."""

from __future__ import annotations

from typing import Any

from tests.attacks.hostile.notebooks import Hostile, Told, cells_of

FAMILY = "browser payloads"
ERROR = Told(each=frozenset({"error", "wrong"}))
MARKUP = (
    "<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></svg>"
    "<iframe srcdoc='<script>alert(1)</script>'></iframe><a href='javascript:alert(1)'>x</a>"
    "<meta http-equiv=refresh content='0;url=//evil.test'><base href=//evil.test/>"
    "<form action=javascript:alert(1)><button>x</button></form><style>*{display:none}</style>"
)


def _written(nb: dict[str, Any]) -> None:
    for cell in cells_of(nb, "question"):
        cell["source"] = (
            f"{MARKUP}\n\n[x](javascript:alert(1))\n\n![x](//evil.test/x.png)\n\n{MARKUP}"
        )
        cell["attachments"] = {"x.svg": {"image/svg+xml": "<svg onload=alert(1)></svg>"}}
    nb["cells"].append({"cell_type": "markdown", "id": "md", "metadata": {}, "source": MARKUP})
    nb["cells"].append({"cell_type": "raw", "id": "rw", "source": MARKUP,
                        "metadata": {"raw_mimetype": "text/html"}})  # fmt: skip


BROWSER = [
    Hostile(
        "markup of every kind", FAMILY,
        "Shows a script as HTML, SVG, JavaScript, Markdown, LaTeX, PDF, JSON and as types of its own.",
        code=f"MARKUP = {MARKUP!r}" + """
from IPython.display import display
for kind in ("text/html", "image/svg+xml", "application/javascript", "text/javascript",
             "text/markdown", "text/latex", "application/json", "application/pdf", "text/xml",
             "application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json",
             "application/vnd.vega.v5+json", "application/geo+json", "application/x-nbgrader",
             "text/html; charset=x", "TEXT/HTML", "image/png", "image/jpeg", "image/gif", "video/mp4"):
    data = {"model_id": MARKUP} if kind.endswith("json") else MARKUP
    display({kind: data, "text/plain": MARKUP}, raw=True, metadata={kind: {"width": MARKUP}})
""",
    ),
    Hostile(
        "HTML that is its only form", FAMILY, "Shows scripts where nothing else shows the output.",
        code=f"""
from IPython.display import HTML, Javascript, SVG, IFrame, display
display(HTML({MARKUP!r}), Javascript("alert(1)"), IFrame("javascript:alert(1)", 9, 9))
HTML({MARKUP!r})
""",
    ),
    Hostile(
        "markup in errors", FAMILY, "Raises errors whose names, messages and tracebacks are scripts.",
        code=f"""
Script = type({MARKUP!r}, (Exception,), {{}})
def hostile(*args, **kwargs):
    raise Script({MARKUP!r})
kernel = get_ipython().kernel
kernel.session.send(kernel.iopub_socket, "error", {{"ename": {MARKUP!r}, "evalue": {MARKUP!r},
                    "traceback": [{MARKUP!r}]}}, parent=kernel.get_parent())
hostile()
""",
        told=ERROR,
    ),
    Hostile(
        "markup in written answers", FAMILY, "Writes scripts, addresses and attachments into text.",
        edit=_written, told=Told(each=frozenset({"needs manual grade"})),
    ),
    Hostile(
        "orders to a terminal", FAMILY,
        "Prints and raises what a terminal obeys: titles, colours, cursors, links, answers.",
        code=r"""
orders = "\x1b]0;title\x07\x1b[2J\x1b[31m\x1b]8;;javascript:alert(1)\x07x\x1b]8;;\x07\x1b[6n\x9b5n\x07\b\r"
print(orders, file=sys.stderr)
print(orders)
def hostile(*args, **kwargs):
    print(orders)
    raise ValueError(orders)
""",
        told=ERROR,
    ),
    Hostile(
        "formulas for a spreadsheet", FAMILY, "Raises errors whose messages a spreadsheet computes.",
        code="""
turn = 0
def hostile(*args, **kwargs):
    global turn
    turn += 1
    raise ValueError(["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\\t=1", "\\r=1",
                      '=HYPERLINK("//evil.test")', '","=1', "x\\n=1"][turn % 9])
""",
        told=ERROR,
    ),
    Hostile(
        "a picture that is a bomb", FAMILY,
        "Shows pictures that claim to be enormous, and text that is one line of a million characters.",
        code=f"MARKUP = {MARKUP!r}" + """
import base64, struct, zlib
from IPython.display import display
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
picture = (b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 6, 0, 0, 0))
           + chunk(b"IDAT", zlib.compress(bytes(10**7), 9)) + chunk(b"IEND", b""))
display({"image/png": base64.b64encode(picture).decode(), "text/plain": "x"}, raw=True,
        metadata={"image/png": {"width": 10**9, "height": "1' onload='alert(1)"}})
display({"text/html": "<b>" * 20_000 + MARKUP}, raw=True)
print("x" * 10**6)
""",
    ),
]  # fmt: skip
