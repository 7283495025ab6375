"""A report as an e-mail: text, HTML and pictures."""

from __future__ import annotations

from email.mime.image import MIMEImage
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from dashboards.charts.theme import COLOURS
from dashboards.digest import picture
from dashboards.digest.content import Content
from dashboards.digest.links import unsubscribe_url
from dashboards.digest.models import Delivery

TONES = {"good": "good", "bad": "bad", "": "text-2"}


def pictures_of(content: Content) -> dict[str, bytes]:
    """PNGs by name."""
    return {one.cid: picture.png(one.figure) for one in content.pictures}


def message_of(
    delivery: Delivery, content: Content, pictures: dict[str, bytes]
) -> EmailMultiAlternatives:
    """Every attempt has the same Message-ID: mail servers and programs drop what they have had."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    leave = unsubscribe_url(delivery)
    context = {
        "content": content,
        "frequency": delivery.report.frequency,
        "leave": leave,
        "colours": {name.replace("-", "_"): pair[0] for name, pair in COLOURS.items()},
        "tones": {tone: COLOURS[name][0] for tone, name in TONES.items()},
    }
    headers = {
        "Message-ID": f"<{delivery.message_id.hex}@{domain}>",
        "Auto-Submitted": "auto-generated",
        "List-Unsubscribe": f"<{leave}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    subject = " ".join(f"{content.title}, {content.days}".split())
    mail = EmailMultiAlternatives(
        subject,
        render_to_string("digest/mail.txt", context),
        None,
        [delivery.user.email],
        headers=headers,
    )
    mail.attach_alternative(render_to_string("digest/mail.html", context), "text/html")
    mail.mixed_subtype = "related"  # type: ignore[attr-defined]
    for name, png in pictures.items():
        image = MIMEImage(png, "png")
        image.add_header("Content-ID", f"<{name}>")
        image.add_header("Content-Disposition", "inline", filename=f"{name}.png")
        mail.attach(image)
    return mail
