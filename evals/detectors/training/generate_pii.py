"""Made-up sentences with places for names, addresses, places and organisations. Seeded."""

import random
from collections.abc import Callable, Mapping, Sequence

from evals.detectors.training.grammar import lines

PLACES = lines(
    """
Please ask {person} to send the contract to {organization} by Friday.
{person} joined {organization} in {location} as a {job_title}.
I met {person} and {person} while travelling through {location}.
Dear {person},\\nthank you for your order. It goes to {address}.
Hi {person}, could you forward this to {person}? Thanks, {person}
Hello, this is {person} from {organization}. Is {person} there?
Name: {person}\\nAddress: {address}\\nCountry: {location}
Name: {person}\\nCompany: {organization}\\nPosition: {job_title}
Customer: {person}, {address}
Ship to:\\n{person}\\n{address}
Best regards,\\n{person}\\n{job_title}, {organization}\\n{address}
My friend {person} lives at {address}.
We live at {address}, next to the library.
I have moved to {address}. Please change it in my account.
The office of {organization} is at {address} in {location}.
The parcel for {person} was sent to {address} by mistake.
{organization} opened a new branch in {location} last year.
{organization} and {organization} announced a merger on Monday.
I work at {organization}. My boss is {person}.
He left {organization} to found {organization} with {person}.
Is {organization} hiring in {location}?
Shares of {organization} fell by 4% after the {nationality} regulator stepped in.
The {nationality} government and {organization} signed an agreement.
She speaks {nationality} and works for a {nationality} company.
{person} is a {nationality} {job_title} who was born in {location}.
The {nationality} singer {person} will perform in {location}.
Flights from {location} to {location} are cheap in May.
What is the weather like in {location}?
How far is {location} from {location}?
I was born in {location} and grew up in {location}.
We are looking for a {job_title} in {location}.
{person}, {job_title}, said that the results were good.
According to {person}, nobody at {organization} knew about it.
"I never said that," {person} told reporters in {location}.
{person} wrote a book about {person}, who lived in {location}.
Album by {person}. Produced by {person} at {organization}.
Directed by {person}, starring {person} and {person}.
Thanks to {person}, {person} and {person} for their help.
Team: {person}, {person}, {person}
Attendees:\\n- {person}\\n- {person}\\n- {person}
{person}: are you coming?\\n{person}: yes, in five minutes
{person}'s account was closed. {person}'s was not.
Please transfer the money to {person}. It is for {person}'s birthday.
Book a table for {person} at eight.
Patient {person}, seen by Dr. {person} on ward 3.
Mr. {person} and Mrs. {person} arrived from {location}.
Could Ms. {person} call me back?
You can write to me: {person}, {address}, {location}
Does the bus stop at {address}?
Turn left into {address} and park there.
The shop at {address} is closed. The one in {location} is open.
Is {person} your real name?
My name's {person}, and my wife is called {person}.
I am {person}. I lost my card.
i am {person} and i live in {location}
my name is {person}, i work for {organization}
Add {person} to the list, and remove {person}.
Who is {person}?
When did {person} die?
The invoice was issued by {organization}, {address}.
Contact {organization} for details.
Apply at {organization} before June.
{organization} is a start-up from {location} that builds robots.
{organization}, based in {location}, is owned by {organization}.
The headquarters of {organization} moved from {location} to {location}.
"""
)
PLAIN = lines(
    """
Please help me with my account.
How do I change my password?
What are the opening hours on public holidays?
The Report was Late and the Meeting was Cancelled.
Thank You for your help!
Why is this so slow?
THIS IS NOT WHAT I ORDERED
Can you write a Python script that sorts a list?
I bought 3 apples, 12 eggs and 2 litres of milk.
Step 1: open the box. Step 2: press the button.
The new version 4.2 is 30% faster.
Yes. No. Maybe.
My order 48213 has not arrived yet.
It costs 1,200 dollars or 99 euros a month.
Terms and Conditions apply.
Write a Summary of the following Article.
"""
)

Values = Mapping[str, Sequence[str]]
MADE_UP = 0.5
"""The share of values that are made up too, where there is a maker."""
Makers = Mapping[str, Callable[[Values, random.Random], str]]
"""What makes up a value, by label."""
Sentence = tuple[str, list[tuple[int, int, str]]]
"""A text and its spans with their labels."""


def generate(values: Values, makers: Makers, count: int, seed: int = 11) -> list[Sentence]:
    """`count` sentences with places filled from `values`, and plain ones between them."""
    pick = random.Random(seed)  # noqa: S311 - data, not secrets
    made: list[Sentence] = [(text, []) for text in PLAIN]
    for number in range(count):
        text, spans = filled(PLACES[number % len(PLACES)], values, makers, pick)
        drawn = pick.random()
        if drawn < 0.12 and len(text.lower()) == len(text):
            text = text.lower()
        elif drawn < 0.15 and len(text.upper()) == len(text):
            text = text.upper()
        made.append((text, spans))
    return made


def filled(template: str, values: Values, makers: Makers, pick: random.Random) -> Sentence:
    """One template with a value in each place."""
    text, spans = "", []
    for part in template.replace("}", "{").split("{"):
        if part in values:
            make = makers.get(part)
            made = make is not None and pick.random() < MADE_UP
            value = make(values, pick) if make and made else pick.choice(values[part])
            spans.append((len(text), len(text) + len(value), part))
            text += value
        else:
            text += part
    return text, spans
