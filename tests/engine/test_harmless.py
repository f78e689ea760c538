"""What honest work shows stays as it is; what a browser would act on goes, kind by kind.

`tests/browser/test_hostile_pages.py` looks at the same things in a real browser.
"""

from __future__ import annotations

import base64
import io

import pytest
from nbconvert.filters import ansi2html
from PIL import Image

from autograder.engine import harmless
from autograder.engine.harmless import (
    clean_html,
    latex,
    markdown,
    markdown_is_active,
    picture,
    terminal_text,
)

# Text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "plain\n\ttext, søren 学生 👩‍🔬\n",
        "\x1b[0;31mred\x1b[0m \x1b[1;38;5;208morange\x1b[39;49m \x1b[38;2;1;2;3mblack\x1b[m",
        "a < b & c > d",
    ],
)
def test_honest_text_stays(text: str) -> None:
    assert terminal_text(text) == text


@pytest.mark.parametrize(
    "text, shown",
    [
        ("a\x1b]0;new title\x07b", "ab"),
        ("a\x1b]8;;https://evil.test\x1b\\link\x1b]8;;\x1b\\", "alink"),
        ("a\x1b[2J\x1b[1;1Hb", "ab"),
        ("a\x1bPq#0\x1b\\b", "ab"),
        ("a\x1b\x1b]x\x07[38mb", "a[38mb"),
        ("\x1b[38m\x1b[38;5m\x1b[48;2;1;2mx", "x"),  # at which nbconvert would fail
        ("\x1b[999999999999mx\x1b", "x"),
        ("a\x00\x07\x7f\x9bb", "ab"),
        ("user\u202ecod.exe\u2066", "usercod.exe"),
        ("a\u2028b", "ab"),
        ("\ud800", "?"),
        (" 1/3\r 2/3\r 3/3\ndone\r\n", " 3/3\ndone\n"),
    ],
    ids=repr,
)
def test_what_acts_on_a_screen_goes(text: str, shown: str) -> None:
    cleaned = terminal_text(text.encode("utf-8", "replace").decode())
    assert cleaned == shown
    ansi2html(cleaned)


def test_long_text_is_cut_and_says_so() -> None:
    cut = terminal_text("x" * 10**6)
    assert len(cut) <= harmless.MAX_TEXT
    assert "900,100 more characters are not shown" in cut
    assert terminal_text(cut) == cut


def test_more_colours_than_can_be_shown_in_time_are_none() -> None:
    assert terminal_text("\x1b[31mx" * 5_000) == "x" * 5_000


# Pictures ----------------------------------------------------------------------------------------


def encoded(kind: str, size: tuple[int, int] = (3, 2)) -> str:
    file = io.BytesIO()
    Image.new("1" if kind == "PNG" else "RGB", size).save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_stays(kind: str) -> None:
    assert picture(encoded(kind), kind) == encoded(kind)
    assert picture(encoded(kind)[:20] + "\n" + encoded(kind)[20:], kind) == encoded(kind)


@pytest.mark.parametrize(
    "value",
    [
        "",
        '"><script>pwned()</script>',
        base64.b64encode(b"<svg onload='pwned()'/>").decode(),
        base64.b64encode(b"\x89PNG\r\n\x1a\n<script>pwned()</script>").decode(),
        encoded("JPEG"),
        encoded("PNG", (6_000, 6_000)),
        encoded("PNG", (40_000, 40_000)),
    ],
    ids=["empty", "markup", "svg", "magic alone", "another kind", "large", "a bomb"],
)
def test_what_is_no_picture_or_too_large_goes(value: str) -> None:
    assert picture(value, "PNG") == ""


def test_a_file_that_is_too_large_is_not_even_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harmless, "MAX_PICTURE", 50)
    assert picture(encoded("PNG"), "PNG") == ""


# Formulas ----------------------------------------------------------------------------------------


def test_a_formula_stays() -> None:
    formula = r"$\displaystyle \frac{\partial L}{\partial w_{ij}} \leq \left\| x \right\|$"
    assert latex(formula) == formula


@pytest.mark.parametrize(
    "command",
    [r"\href{javascript:pwned()}{x}", r"\style{position:fixed}{x}", r"\class{score}{x}",
     r"\cssId{x}{y}", r"\require{html}", r"\def\x{y}", r"\let\x\href", r"\newcommand{\x}{y}",
     r"\mmlToken{mi}[href=x]{x}", r"\htmlStyle{a}{x}", r"\bbox[border:9999px]{x}",
     r"\renewcommand\alpha{x}", "&#92;href{javascript:pwned()}{x}"],
)  # fmt: skip
def test_a_formula_that_does_more_than_show_one_goes(command: str) -> None:
    assert latex(f"${command}$") == ""
    assert clean_html(f"<p>${command}$</p>") == ""
    assert markdown_is_active(f"Look: ${command}$")


# HTML --------------------------------------------------------------------------------------------

PANDAS = """\
<table border="1" class="dataframe">
  <thead>
    <tr style="text-align:right">
      <th></th>
      <th colspan="2">a &lt; b</th>
    </tr>
  </thead>
  <tbody>
    <tr>
      <th>0</th>
      <td>1.5</td>
      <td>NaN</td>
    </tr>
  </tbody>
</table>
<p>1 rows × 2 columns</p>"""
KERAS = (
    '<pre style="white-space:pre;overflow-x:auto;line-height:normal;font-family:Menlo,'
    "'DejaVu Sans Mono',consolas,'Courier New',monospace\">"
    '<span style="font-weight:bold">Model: "toy"</span>\n┃ '
    '<span style="color:#00d7ff;text-decoration-color:#00d7ff">Embedding</span> ┃\n</pre>'
)


@pytest.mark.parametrize("source", [PANDAS, KERAS], ids=["pandas", "Keras"])
def test_tables_and_summaries_stay(source: str) -> None:
    assert clean_html(source) == source


@pytest.mark.parametrize(
    "source, cleaned",
    [
        ("<style>body {display: none}</style><b>x</b>", "<b>x</b>"),
        ("<script>pwned()</script>", ""),
        ('<b onclick="pwned()" id="x" data-link="y">x</b>', "<b>x</b>"),
        ('<p class="navbar-fixed-top">x</p>', "<p>x</p>"),
        ('<p style="position:fixed;color:red;inset:0">x</p>', '<p style="color:red">x</p>'),
        ('<p style="color:url(//evil.test)">x</p>', "<p>x</p>"),
        ('<p style="color:red}</style><script>">x</p>', "<p>x</p>"),
        ('<img src="https://evil.test/x.png">', ""),
        ('<a href="javascript:pwned()">x</a>', "<a>x</a>"),
        ('<a href="/tree">x</a>', "<a>x</a>"),
        ("</div></div><b>x", "<b>x</b>"),
        ("a<!-- --><font>\u202eb</font>&#x202e;", "ab"),
        (r"$\hr<!-- -->ef{javascript:pwned()}{x}$", ""),
    ],
)
def test_html_keeps_text_and_loses_what_acts(source: str, cleaned: str) -> None:
    assert clean_html(source) == cleaned


def test_html_that_would_take_long_to_parse_goes() -> None:
    assert clean_html("<b>" * (harmless.MAX_TAGS + 1)) == ""
    assert clean_html("x" * (harmless.MAX_HTML + 1)) == ""
    many = "".join(f"<b id={n}><p>" for n in range(harmless.MAX_TAGS // 2))
    assert clean_html(many) == ""  # each paragraph would open all elements before it again


# Markdown ----------------------------------------------------------------------------------------

ANSWER = """\
### Question · dense or table?

As a *function* it is **one**: $a<b$ and $$\\sum_i x_i$$ for all `List<int>`; see
[the paper](https://example.org/a?b=c#d), or https://example.org.

1. `n × vocab × dim` multiply-adds<br>H<sub>2</sub>O
   - 400 MB & more, 3 < 4 > 2

| way | seconds |
|:---|---:|
| lookup | 0.1 |

> quoted

```python
print("<script>", r"\\href")
```
"""


@pytest.mark.parametrize(
    "source", [ANSWER, "", "*Ünïcödé* 👩‍🔬", "a <- b, c->d, x<y, <3, 1 < 2", "C:\\\\temp\\\\new"]
)
def test_an_honest_answer_stays_as_it_is(source: str) -> None:
    assert markdown(source) == source


HOSTILE = [
    "<script>pwned()</script>",
    "text <img src=x onerror=pwned()> text",
    "</div></div><p>outside",
    "[x](javascript:pwned())",
    "[x](JaVaScRiPt&#58;pwned())",
    "[x](java&Tab;script:pwned())",
    "[x]( <javascript:pwned()>)",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](/logout)",
    "[x](//evil.test)",
    "[x]\n\n[x]: javascript:pwned()",
    "<javascript:pwned()>",
    "<b onclick=pwned()>x</b>",
    "<div>\nblock\n</div>",
    "<!-- comment -->",
    "<style>body {display: none}</style>",
    "```mermaid\n<img src=x onerror=pwned()>\n```",
    "| a |\n|---|\n| <iframe src=//evil.test> |",
    "- [ ] <svg onload=pwned()>",
    "&#x202e;reversed",
    "x" * (harmless.MAX_MARKDOWN + 1),
]


@pytest.mark.parametrize("source", HOSTILE, ids=lambda s: repr(s[:30]))
def test_active_markdown_is_shown_as_the_text_that_it_is(source: str) -> None:
    shown = markdown(source)
    note, empty, opened, *lines, closed = shown.split("\n")
    assert note.startswith("*Shown as plain text") and not empty and opened == closed + "text"
    assert "\n".join(lines) == source
    assert markdown(shown) == shown


def test_a_block_of_text_cannot_be_closed_from_within() -> None:
    source = "````\ncode\n`````\n<script>pwned()</script>"
    shown = markdown(source)
    assert shown.endswith("\n``````") and "``````text\n" in shown
    # A student writes what looks like our own block and is not.
    forged = shown.replace(source, "``````\n\n<script>pwned()</script>\n\n``````text")
    assert markdown(forged) != forged


def test_pictures_in_an_answer_are_named_and_the_rest_of_it_stays() -> None:
    source = "**Look**\n\n![my plot](attachment:plot.png) and ![](https://evil.test/x.png)"
    assert markdown(source) == (
        "**Look**\n\n(picture, not shown: my plot attachment:plot.png) and "
        "(picture, not shown:  https://evil.test/x.png)"
    )
