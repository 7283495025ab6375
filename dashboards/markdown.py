"""Markdown that people write, as HTML that is safe wherever it stands."""

from __future__ import annotations

import nh3
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

LOWERED = 2
"""Headings stand below those of the page: `#` is the third level."""
TAGS = frozenset(
    {"p", "br", "hr", "ul", "ol", "li", "blockquote", "pre", "code", "em", "strong", "s", "a"}
    | {"h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}
)
# Raw HTML stays text; what is left is cleaned once more by another hand.
READER = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def rendered(text: str) -> SafeString:
    """HTML of paragraphs, lists, tables, code, headings and links; no images, no HTML of theirs."""
    tokens = READER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + LOWERED, 6)}"
    html = READER.renderer.render(tokens, READER.options, {})
    safe = nh3.clean(
        html,
        tags=set(TAGS),
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    return mark_safe(safe)  # noqa: S308 - cleaned above
