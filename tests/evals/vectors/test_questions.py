"""What is embedded of a call is what was asked, wherever documents stand around it."""

from __future__ import annotations

import importlib
import json
import os
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection

from evals.vectors.fields import TEXTS, Field
from evals.vectors.models import Choice, Model
from evals.vectors.selectors import models
from evals.vectors.selectors.searching import similar
from evals.vectors.services import filling, storing
from evals.vectors.texts import texts_of
from sightglass.accounts.access import Access
from sightglass.accounts.models import Project
from tests.evals.judging import chat
from tests.evals.truth.labelled import SPAN, SPAN_ID
from tests.evals.vectors.speaking import NOW, SAID, WHOLE, call, say
from tests.traces.sending import SECOND, decoded, llm, span
from traces.services.ingest import store_spans

pytestmark = pytest.mark.django_db
START = NOW - 3600 * SECOND
DOCUMENTS = "Refunds take five days.\n\n" + "The warehouse packs parcels by hand. " * 30
WITH = f"<documents>\n{DOCUMENTS}\n</documents>\n\n"


def asked(access: Access, *spans: dict[str, Any]) -> str:
    """Of the last span."""
    trace_id = os.urandom(16)
    store_spans(access, decoded(*({**one, "trace_id": trace_id} for one in spans)))
    start = spans[-1]["start_time_unix_nano"]
    return texts_of(access.project.pk, [(UUID(bytes=trace_id), SPAN_ID, start)])[
        UUID(bytes=trace_id), SPAN_ID
    ].input


def test_calls_are_alike_by_what_they_ask_not_by_their_documents(access: Access) -> None:
    ids = say(access, [(WITH + one, answer) for one, answer in SAID])
    hits = similar(call(access, ids[0]), Field.INPUT, range=WHOLE).hits
    assert hits[0].span.trace_id == ids[1], "the other one about a refund"
    assert max(one.similarity or 0 for one in hits if one.span.trace_id in ids[2:]) < 0.5


def test_what_the_trace_retrieved_is_left_out_of_a_long_message(access: Access) -> None:
    question = "How long does it take?"
    found = [{"page_content": DOCUMENTS}]
    retriever = span(start_ns=START, openinference__span__kind="RETRIEVER",
                     output__value=json.dumps(found),
                     retrieval__documents__0__document__content=DOCUMENTS)  # fmt: skip
    told = chat(f"{DOCUMENTS}\n{question}", "Days.", span_id=SPAN, start_ns=START + SECOND)
    assert asked(access, retriever, told) == question


def test_a_prompt_may_be_an_instruction_or_fields(access: Access) -> None:
    messages = [{"role": "system", "content": f"{WITH}Where is my order?"}]
    whole = llm(span_id=SPAN, start_ns=START, gen_ai__input__messages=json.dumps(messages))
    assert asked(access, whole) == "Where is my order?"
    fields = {"question": "Where is my order?", "context": DOCUMENTS}
    given = llm(span_id=SPAN, start_ns=START, input__value=json.dumps(fields),
                input__mime_type="application/json")  # fmt: skip
    assert asked(access, given) == "Where is my order?"


def test_vectors_of_other_texts_are_made_anew(access: Access, other_project: Project) -> None:
    """By the migration: the old model answers until all have vectors of the new one."""
    old = Model.objects.create(name="wordllama", version="l2-supercat-256", dimensions=256)
    ids = say(access, SAID, embedded=False)
    Choice.objects.create(project=access.project, model=old)
    storing.run(30)
    Choice.objects.all().delete()
    Model.objects.exclude(pk=old.pk).delete()
    migration = importlib.import_module("evals.vectors.migrations.0005_texts")
    migration.make_anew(apps, SimpleNamespace(connection=connection))
    choice = Choice.objects.get()
    assert choice.project == access.project, "another project has no vectors"
    assert choice.model == old and choice.coming == models.embedded() and choice.of_calls == 5
    assert choice.coming.version.endswith(f"texts {TEXTS}")
    assert similar(call(access, ids[0]), Field.INPUT, range=WHOLE).hits, "meanwhile"
    filling.run(30)
    choice.refresh_from_db()
    assert choice.model == models.embedded() and choice.coming is None
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT model_id FROM vectors_vector")
        assert [row[0] for row in cursor.fetchall()] == [choice.model_id]
    migration.make_anew(apps, SimpleNamespace(connection=connection))
    assert Choice.objects.get().coming is None, "once"
