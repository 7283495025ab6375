"""Sentences that keep a conversation going and claim nothing: offers, questions, thanks, plans."""

import re

LONGEST = 160
"""Characters; whoever says more says something."""
LEADS = r"\W*(?:(?:please|yes|no|ok|okay|sure|so|then|and|also|otherwise|just|to be sure|now)\W+)*"
"""What may stand before each of these."""
PHRASES = (
    r"(?:many |a lot of )?thank(?:s| you)\b",
    r"you(?:'re| are) (?:very )?welcome|no problem|(?:of course|certainly|absolutely)\W*$",
    r"(?:hi|hello|hey|dear|good (?:morning|day|evening|afternoon)|greetings)\b",
    r"(?:i am|i'm|we are|we're)? ?(?:very |really |truly |so )?sorry\b",
    r"(?:my|our) apologies|(?:i|we) apologi[sz]e",
    r"(?:this|that) (?:should not|shouldn't) (?:have happened|happen)",
    r"i(?:'m| am) (?:happy|glad|afraid|here|not sure|unable)\b",
    r"(?:i|we)(?:'ll|'d)\b",
    r"(?:i|we) (?:will|would|can|could|cannot|can't|couldn't|should|hope|understand|think|suggest"
    r"|recommend|find no|found no|do not (?:know|have|see)|don't (?:know|have|see))\b",
    r"(?:let me|let us|let's|tell me|ask me|feel free)\b",
    r"(?:if|should) you (?:have|need|want|would|like|wish)\b",
    r"(?:do not|don't) hesitate|you (?:can|may|could) (?:reply|ask|write|tell|let)\b",
    r"(?:reply|wait|hold on|have a|enjoy|checking|searching|looking)\b",
    r"danke|vielen dank|gerne|entschuldig|(?:es )?tut mir leid|ich (?:kann|werde|hoffe|helfe)\b",
    r"(?:bitte )?melden sie|sagen sie mir",
    r"merci|je (?:vous en prie|peux|vais|suis désolé)|désolé|n'hésitez|dites-moi",
    r"gracias|lo siento|puedo\b|no dudes?\b|dígame|grazie|mi dispiace|obrigad[oa]",
)
OPENS = re.compile(f"{LEADS}(?:{'|'.join(PHRASES)})", re.IGNORECASE)
ANNOUNCES = re.compile(rf"{LEADS}here(?:'s|’s| is| are)\b[^.]{{0,120}}:?$", re.IGNORECASE)
ASKS = re.compile(r"[?？]['\")\]\s]*$")
CITATION = re.compile(r"\s*\[(?:\^?\d{1,3}|[A-Za-z][\w.:-]{1,60})\](?:\([^)\s]{0,200}\))?")
"""Where an answer names its source."""


def announces(text: str) -> bool:
    """Whether a sentence only says that something follows."""
    return len(text) <= LONGEST and ANNOUNCES.match(text) is not None


def is_talk(text: str) -> bool:
    """Whether a sentence is a question, or opens with such a phrase and has no number."""
    if ASKS.search(text) or announces(text):
        return True
    if len(text) > LONGEST or any(map(str.isdigit, text)):
        return False
    return OPENS.match(text) is not None
