"""An event in words, for people."""

from __future__ import annotations

from dashboards.channels.events import Event, EventKind

LABELS = {
    EventKind.FIRING: "Firing",
    EventKind.RESOLVED: "Resolved",
    EventKind.ACKNOWLEDGED: "Acknowledged",
    EventKind.TEST: "Test",
}
CHAT = 1_700
"""Characters: Discord takes 2,000 with the headline."""
CARD = 950
"""Characters: apprise cuts cards of Teams at 1,000."""
UNTAMED = str.maketrans({"<": "‹", ">": "›", "@": "@\u200b", "`": "'"})


def headline(event: Event) -> str:
    """One line: state, severity where something fires, title."""
    label = LABELS.get(event.kind)
    if label is None:
        return event.title
    if event.kind is EventKind.FIRING:
        label = f"{label}: {event.severity}"
    return f"[{label}] {event.title}"


def plain(event: Event) -> str:
    """All of it, for mails and whatever shows text as it is."""
    facts = [f"{name}: {value}" for name, value in event.facts]
    parts = [
        event.text,
        "\n".join(facts),
        event.url,
        f"{event.project_name}, {event.at:%Y-%m-%d %H:%M %Z}",
    ]
    return "\n\n".join(part for part in parts if part)


def tame(text: str) -> str:
    """Without what chats read as a mention, a link with another text, or code.

    A model's name or a user's text must not call everybody in a channel.
    """
    return text.translate(UNTAMED).replace("](", "] (")


def chat(event: Event, most: int = CHAT) -> str:
    """The same for chats: tamed, and short enough for each of them. The link is always in it."""
    facts = [tame(f"{name}: {value}") for name, value in event.facts]
    where = tame(f"{event.project_name}, {event.at:%Y-%m-%d %H:%M %Z}")
    link = safe_url(event.url, most // 2)
    end = "\n\n".join(part for part in (link, where) if part)
    begin = "\n\n".join(part for part in (tame(event.text), "\n".join(facts)) if part)
    room = most - len(end) - 2
    if len(begin) > room:
        begin = begin[: max(room - 1, 0)].rstrip() + "…"
    return f"{begin}\n\n{end}" if begin else end


def safe_url(url: str, longest: int) -> str:
    """An address of ours as chats link it, or empty for one that is too long for them."""
    quoted = url.replace("<", "%3C").replace(">", "%3E").replace("@", "%40").replace(")", "%29")
    return quoted if len(quoted) <= longest else ""
