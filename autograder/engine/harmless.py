"""What each kind of content may keep when a person's browser is to show it.

Each function takes what a submission made and gives back what is harmless of it: nothing that a
page could run, load from elsewhere, or be covered by.
"""

from __future__ import annotations

import base64
import html
import io
import re
import warnings
from collections.abc import Iterator

import nh3
from nbconvert.filters.markdown_mistune import MarkdownWithMath
from PIL import Image

MAX_TEXT = 100_000  # characters of one text
MAX_COLOURS = 2_000  # colour codes in one text; nbconvert takes quadratic time for them
MAX_HTML = 200_000  # characters of one HTML output,
MAX_TAGS = 4_000  # and tags in it: some take quadratic time to parse, so many about a second
MAX_ATTRIBUTE = 1_000  # characters
MAX_MARKDOWN = 20_000  # characters of markdown or LaTeX
MAX_PICTURE = 5_000_000  # bytes
MAX_PIXELS = 25_000_000

# Text ---------------------------------------------------------------------------------------------

_ESCAPE = re.compile(
    r"\x1b(?:[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?"  # commands with a text, such as a new title
    r"|\[[0-?]*[ -/]*[@-~]"  # colours, and movements of the cursor
    r"|[ -/]*[0-~])?"
)
_NUMBER = r"(?:[34]8;(?:5;\d{1,3}|2;\d{1,3};\d{1,3};\d{1,3})|(?![34]8)\d{0,3})"
_COLOUR = re.compile(rf"\x1b\[{_NUMBER}(?:;{_NUMBER})*m", re.ASCII)
# Control characters, and those that change the direction or the order of what is read.
_INVISIBLE = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F),
     *range(0x2066, 0x206A), 0xFEFF, *range(0xFFF9, 0xFFFC), *range(0xE0000, 0xE0080)]
)  # fmt: skip
for _kept in map(ord, "\n\t\x1b"):
    del _INVISIBLE[_kept]


def visible(source: str) -> str:
    """Text without characters that are not seen; lines end as on Unix."""
    lines = source.replace("\r\n", "\n").replace("\r", "\n")
    return lines.replace("\x1b", "").translate(_INVISIBLE)


def terminal_text(source: str) -> str:
    """Text of a terminal, of bearable length: colours stay, whatever else acts on a screen goes."""
    shown = source if len(source) <= MAX_TEXT else source[: MAX_TEXT - 100]
    left_out = len(source) - len(shown)
    shown = shown.replace("\r\n", "\n")
    # A progress bar writes over its own line: what it wrote last is what was seen.
    shown = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in shown.split("\n"))
    shown = _ESCAPE.sub(lambda code: code[0] if _COLOUR.fullmatch(code[0]) else "", shown)
    if len(_COLOUR.findall(shown)) > MAX_COLOURS:
        shown = _COLOUR.sub("", shown)
    shown = shown.translate(_INVISIBLE)
    return f"{shown}\n[{left_out:,} more characters are not shown]\n" if left_out else shown


# Pictures -----------------------------------------------------------------------------------------


def picture(value: str, kind: str) -> str:
    """Base64 of a picture that is what it says it is and not too large, or nothing.

    kind: PNG or JPEG.
    """
    if len(value) > MAX_PICTURE * 4 / 3:
        return ""
    try:
        data = base64.b64decode("".join(value.split()), validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of pictures that are bombs
            with Image.open(io.BytesIO(data), formats=[kind]) as opened:
                width, height = opened.size
    except (OSError, ValueError, SyntaxError, Warning, Image.DecompressionBombError):
        return ""
    return base64.b64encode(data).decode() if width * height <= MAX_PIXELS else ""


# Formulas -----------------------------------------------------------------------------------------

# What makes MathJax or KaTeX write links, styles or ids into the page, and what could give such a
# command another name.
_ACTIVE_TEX = re.compile(
    r"\\(?:href|url|class|style|cssId|data|html\w*|require|mmlToken|bbox|enclose|action|toggle|"
    r"mathtip|texttip|unicode|include\w*|[egx]?def|let|futurelet|"
    r"(?:re|provide)?new(?:command|environment)|renew\w*|provide\w*|Declare\w*|csname)(?![a-z])",
    re.IGNORECASE,
)


def latex(source: str) -> str:
    """LaTeX as it is, or nothing when it has a command that does more than show a formula."""
    return "" if len(source) > MAX_MARKDOWN or has_active_tex(source) else source


def has_active_tex(source: str) -> bool:
    """Whether a text has a command that does more than show a formula."""
    return _ACTIVE_TEX.search(html.unescape(source)) is not None


# HTML ---------------------------------------------------------------------------------------------

# Pictures in HTML come from elsewhere; the others turn text round or are of no use without them.
_TAGS = nh3.ALLOWED_TAGS - {"area", "bdi", "bdo", "img", "map"}
# What these hold is not for reading, or is read in another way than the rest of a page.
_WHOLE = {
    "embed", "iframe", "math", "noembed", "noframes", "noscript", "object", "plaintext", "script",
    "select", "style", "svg", "template", "textarea", "title", "xmp",
}  # fmt: skip
_CELL = {"align", "colspan", "rowspan", "style"}
_ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start"},
    "table": {"border", "style"},
    "td": _CELL,
    "th": _CELL,
}
# Not those that the parser opens again in each paragraph, such as `b`: it would take too long.
_ATTRIBUTES |= {tag: {"style"} for tag in ("div", "p", "pre", "span", "tr", "thead", "tbody")}
_COLOURS = r"#[0-9a-f]{3,8}|[a-z]{3,20}|rgba?\([\d\s.,%]{1,40}\)"
# What pandas, rich (Keras's summaries) and people who colour a word write; nothing that moves a
# thing out of its place, or loads anything.
_STYLES = {
    "color": _COLOURS,
    "background-color": _COLOURS,
    "text-decoration": r"none|underline|line-through",
    "text-decoration-color": _COLOURS,
    "font-family": r"[\w ,'\"-]{1,200}",
    "font-style": r"[a-z]{3,10}",
    "font-weight": r"[a-z]{3,10}|\d00",
    "line-height": r"normal|1(?:\.\d{1,3})?",
    "overflow-x": r"auto|scroll",
    "text-align": r"[a-z]{4,10}",
    "vertical-align": r"[a-z-]{3,12}",
    "white-space": r"[a-z-]{3,12}",
}


def clean_html(source: str) -> str:
    """HTML with nothing but text, tables and a little style, or nothing if there is none left."""
    if len(source) > MAX_HTML or source.count("<") > MAX_TAGS or has_active_tex(source):
        return ""
    cleaned = visible(nh3.clean(
        source,
        tags=_TAGS,
        clean_content_tags=_WHOLE,
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        allowed_classes={"table": {"dataframe"}},  # others would be styled by the page around
        url_schemes={"http", "https", "mailto"},
    ))  # fmt: skip
    if has_active_tex(cleaned) or len(cleaned) > 3 * MAX_HTML:
        return ""
    return cleaned if cleaned.strip() else ""


def _attribute(tag: str, name: str, value: str) -> str | None:
    """An attribute's value as it may stay."""
    if len(value) > MAX_ATTRIBUTE:
        return None
    if name == "style":
        return _style(value) or None
    if name == "href":
        return value if _is_web_address(value) else None
    return value if re.fullmatch(r"[a-z0-9]{1,10}", value) else None


def _style(value: str) -> str:
    declarations = []
    for declaration in value.split(";"):
        name, _, setting = (part.strip() for part in declaration.partition(":"))
        allowed = _STYLES.get(name.lower())
        if allowed and re.fullmatch(allowed, setting, re.IGNORECASE | re.ASCII):
            declarations.append(f"{name.lower()}:{setting}")
    return ";".join(declarations)


def _is_web_address(value: str) -> bool:
    return re.fullmatch(r"(?:https?://|mailto:)[^\s\x00-\x20\\]+", value, re.IGNORECASE) is not None


# Markdown -----------------------------------------------------------------------------------------

_HARMLESS = {
    "blank_line", "block_code", "block_math", "block_quote", "block_text", "codespan", "def_list",
    "def_list_head", "def_list_item", "emphasis", "heading", "inline_math", "latex_environment",
    "linebreak", "list", "list_item", "paragraph", "softbreak", "strikethrough", "strong", "table",
    "table_body", "table_cell", "table_head", "table_row", "task_list_item", "text",
    "thematic_break",
}  # fmt: skip
_PLAIN_TAG = re.compile(r"</?(?:b|i|u|s|em|strong|sub|sup|small|mark|kbd|code|br)\s*/?>", re.I)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(([^)\n]*)\)")
_NOTE = "*Shown as plain text, since it holds HTML, a picture, a link or a command.*"
_AS_TEXT = re.compile(re.escape(_NOTE) + r"\n\n(`{3,})text\n(.*)\n\1", re.DOTALL)


def markdown(source: str) -> str:
    """Markdown of a student's: as it is when nbconvert makes a harmless page of it.

    When not, the pictures are named instead of shown; when that is not enough, all of it becomes
    a block of code, which every renderer shows as it stands.
    """
    source = visible(source)
    done = _AS_TEXT.fullmatch(source)
    if (done and done[1] not in done[2]) or not markdown_is_active(source):
        return source
    named = _IMAGE.sub(lambda m: f"(picture, not shown: {m[1]} {m[2]})", source)
    if not markdown_is_active(named):
        return named
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", source)), default=0))
    return f"{_NOTE}\n\n{fence}text\n{source}\n{fence}"


def markdown_is_active(source: str) -> bool:
    """Whether the page that nbconvert makes of a text has more than text, tables and formulas.

    It is told from the parsed text, not from the page: nbconvert's own parser says what each
    part will become.
    """
    if len(source) > MAX_MARKDOWN:
        return True
    tokens = list(_tokens(MarkdownWithMath(renderer=None)(source)))
    # MathJax reads all text of a page but code, and knows nothing of the tokens.
    read = "".join(t.get("raw", "") for t in tokens if t["type"] not in ("codespan", "block_code"))
    unescaped = html.unescape(read)
    return any(map(_is_active, tokens)) or has_active_tex(read) or unescaped != visible(unescaped)


def _tokens(tree: list[dict]) -> Iterator[dict]:
    for token in tree:
        yield token
        yield from _tokens(token.get("children", []))


def _is_active(token: dict) -> bool:
    kind = token["type"]
    if kind == "link":
        return not _is_web_address(token["attrs"]["url"])
    if kind == "inline_html":
        return _PLAIN_TAG.fullmatch(token["raw"]) is None
    if kind == "block_code":  # nbconvert writes these diagrams into the page unescaped
        return token.get("attrs", {}).get("info", "").strip().lower().startswith("mermaid")
    return kind not in _HARMLESS
