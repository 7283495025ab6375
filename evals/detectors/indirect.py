"""A document or tool result gives the model orders. Reads the contexts.

Each sentence or line is judged by itself; a context is as bad as its worst.
"""

from collections.abc import Sequence
from typing import ClassVar

from evals.detectors.base import EVIDENT, Example, Field, Verdict
from evals.detectors.linear import Judge, Model
from evals.detectors.ngrams import Lexicon, Settings

SETTINGS = Settings(longest=4, limit=200_000, margin=0.0, whole=False)

LEXICON = Lexicon(
    {
        "ANSWER": (
            "answer* response* reply replies output* summary message text solution implementation "
            "completion result code codebase algorithm antwort* respuesta réponse"
        ),
        "YOUR": "your yours you dein* ihre* du tu votre su",
        "CHANGE": (
            "modify change adapt alter rewrite adjust extend enrich finish begin format phrase "
            "shape edit rephrase transform revise enhance present deliver provide return give "
            "convert encode reverse replace translate remove scramble swap substitute shift"
        ),
        "PUT": (
            "add include insert mention append embed incorporate weave integrate put attach slip "
            "highlight emphasize emphasise stress promote recommend advertise suggest hint "
            "introduce merge blend infuse combine employ utilize use apply ensure consider inject"
        ),
        "TELL": (
            "write draft compose create produce generate explain describe summarize summarise list "
            "name compare tell outline analyse analyze calculate solve show design develop"
        ),
        "ASK": (
            "what how why who when where which can could would will do does is are was wie warum "
            "wer wann wo welche"
        ),
        "FOLLOWING": "following subsequent below next above this these",
        "SNIPPET": "snippet excerpt block lines function script fragment section",
        "AI": "ai assistant chatbot model llm agent",
        "OVERRIDE": (
            "ignor* disregard* forget* override* bypass* vergiss ignorier* oublie* olvid* instead"
        ),
        "ORDERS": "instruction* prompt* rules directions command* system",
        "SEND": (
            "send forward post upload transfer delete run execute call fetch open visit click "
            "share enter email"
        ),
        "ME": "me my i us",
    }
)


class Detector:
    """A logistic model over n-grams; see docs/detectors/indirect_injection.md."""

    name: ClassVar[str] = "indirect_injection"
    version: ClassVar[str] = "1"
    threshold: ClassVar[float] = 0.75
    needs: ClassVar[tuple[Field, ...]] = ("context",)

    def __init__(self) -> None:
        model = Model.load("indirect", LEXICON)
        self._judge = Judge(model, EVIDENT, "instruction", "A context gives the model orders")

    def detect(self, examples: Sequence[Example]) -> list[Verdict | None]:
        """One verdict for each example; None where no context has text."""
        return [self._one(example.contexts) for example in examples]

    def _one(self, contexts: tuple[str, ...]) -> Verdict | None:
        """The verdict on the worst context, with the evidence of all over the threshold."""
        verdicts = [
            self._judge(context, "context", index)
            for index, context in enumerate(contexts)
            if context.strip()
        ]
        if not verdicts:
            return None
        worst = max(verdicts, key=lambda verdict: verdict.value)
        evidence = tuple(piece for verdict in verdicts for piece in verdict.evidence)
        return Verdict(worst.value, evidence, worst.explanation)
