"""Which slice carries a change: exact shares, what is left without, and what is said of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evals.drift import wording
from evals.drift.clusters import comparable, topics
from evals.drift.slices import Slice, slices
from evals.drift.spaces import space_of
from evals.drift.wording import Told
from evals.vectors.embedding import embed

RNG = np.random.default_rng(11)


def planted() -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """A customer who is new, a third of the traffic, and lies elsewhere; the rest is noise."""
    before = RNG.normal(size=(300, 8)).astype(np.float32)
    now = RNG.normal(size=(150, 8)).astype(np.float32)
    now[:50, 0] += 4.0
    who_before = [f"user {place % 7}" for place in range(300)]
    who_now = ["meridian"] * 50 + [f"user {place % 7}" for place in range(100)]
    return who_before, who_now, before, now


def test_shares_add_up_and_the_planted_slice_carries_nearly_all() -> None:
    who_before, who_now, before, now = planted()
    space = space_of((before, now), {})
    found = slices(space, {"user": (who_before, who_now), "day": (["mon"] * 300, ["mon"] * 150)})
    assert {one.dimension for one in found} == {"user"}, "one value alone tells nothing"
    assert sum(one.explains for one in found) == pytest.approx(1.0)
    first = found[0]
    assert first.value == "meridian" and first.carries and first.is_new
    assert first.explains > 0.85 and first.left is not None and first.left < 0.2
    assert (first.n_before, first.n_now, first.before) == (0, 50, 0.0)
    assert first.p < 1e-6
    assert not any(one.carries for one in found[1:])


def test_a_slice_that_only_grows_explains_what_it_moves() -> None:
    before = np.array([[0.0]] * 90 + [[1.0]] * 10, dtype=np.float32)
    now = np.array([[0.0]] * 60 + [[1.0]] * 40, dtype=np.float32)
    names = ["a"] * 90 + ["b"] * 10, ["a"] * 60 + ["b"] * 40
    found = {one.value: one for one in slices(space_of((before, now), {}), {"topic": names})}
    # The mean moves from 0.1 to 0.4: of the centred items b brings 0.9·0.3, a takes away 0.1·0.3.
    assert found["b"].explains == pytest.approx(0.9)
    assert found["a"].explains == pytest.approx(0.1)


def test_numbers_have_the_weight_of_their_spread_and_absent_ones_are_the_mean() -> None:
    before, now = [1.0, 2.0, 3.0, float("nan")], [11.0, 12.0, 13.0, float("nan")]
    space = space_of(None, {"ms": (before, now)})
    assert space.before[3, 0] == 0 == space.now[3, 0]
    known = np.array([1.0, 2, 3, 11, 12, 13])
    assert space.now[0, 0] == pytest.approx((11 - 2) / known.std())
    words = space_of(None, {}, {"outcome": (["a", "a", "b", "b"], ["a", "b", "b", "b"])})
    assert words.now.shape == (4, 2) and words.change[1] > 0 > words.change[0]


def test_topics_are_found_and_named_by_what_sets_them_apart() -> None:
    texts = [f"where is my parcel number {n}" for n in range(40)]
    texts += [f"fire safety certificates for hotel number {n}" for n in range(40)]
    labels = topics(embed(texts), texts)
    assert not set(labels[:40]) & set(labels[40:])
    assert all("parcel" in one for one in labels[:40])
    assert all("certificates" in one and "for" not in one.split() for one in labels[40:])


def test_groups_are_named_as_topics_are() -> None:
    """No function words of any known language, none twice, and the language behind them."""
    texts = [f"can we have our certificates from the fitter {n}" for n in range(60)]
    texts += [f"how do you send the chair to my garden {n}" for n in range(60)]
    texts += [f"Ich habe meine Rechnung für die Lampe nicht bekommen {n}" for n in range(40)]
    said = set(topics(embed(texts), texts))
    assert not {"our", "can", "the", "from", "you", "meine", "für"} & set(" ".join(said).split())
    assert any("certificates" in one for one in said)
    assert all("(German)" in one for one in said if "rechnung" in one)
    assert any("rechnung" in one for one in said)


def test_a_group_that_says_nothing_in_words_is_named_too() -> None:
    texts = ["", "!!!"] * 30
    assert all(one.startswith("various things") for one in topics(embed(texts), texts))


def test_a_topic_that_hardly_was_there_cannot_say_how_it_was_answered() -> None:
    before = ["a"] * 96 + ["new"] * 4
    now = ["a"] * 50 + ["new"] * 50
    first, second = comparable(before, now)
    assert first[:96] == before[:96] and second == now
    assert first[96:] == ["new (alone 0)"] * 4


def test_what_was_there_just_before_did_not_come_with_the_change() -> None:
    """Of what is compared with, the last 30 items are the last period."""
    before = RNG.normal(size=(120, 4)).astype(np.float32)
    now = RNG.normal(1, 1, size=(40, 4)).astype(np.float32)
    releases = ["1"] * 90 + ["2"] * 30, ["2"] * 40
    models = ["old"] * 90 + ["old", "brief"] * 15, ["old"] * 40
    users = [f"user {n % 60}" for n in range(120)], [f"user {n % 60}" for n in range(40)]
    last = np.arange(120) >= 90
    dimensions = {"release": releases, "model": models, "user": users}

    def told(last: np.ndarray | None) -> dict[str, Slice]:
        return {one.value: one for one in slices(space_of((before, now), {}), dimensions, last)}

    found = told(last)
    assert found["2"].just_before == 1.0 and not found["2"].is_new and not found["1"].went
    assert found["brief"].just_before == 0.5 and found["brief"].went
    assert found["user 3"].just_before is None, "one or two conversations say nothing of a period"
    known = told(None)
    assert known["2"].just_before is None
    assert known["1"].went, "where no period is the last one, all of it is what was before"
    assert "just_before" not in found["2"].as_json()


def slice_of(dimension: str, value: str, before: float, now: float) -> Slice:
    return Slice(dimension, value, int(300 * before), int(100 * now), before, now, 0.9, 0.1, 0.001)


USER = slice_of("user", "meridian", 0.0, 0.24)
TOPIC = slice_of("topic", "hotel, certificates", 0.0, 0.2)
GERMAN = slice_of("language", "de", 0.01, 0.33)
MODEL = slice_of("model", "mini-2026-10-28", 0.0, 0.48)
OLD = slice_of("model", "mini", 0.4, 0.5)
GONE = slice_of("user", "bulk", 0.4, 0.0)
BRIEF = slice_of("model", "brief", 0.22, 0.0)
RELEASE, PROMPT = slice_of("release", "2.1", 0.0, 1.0), slice_of("prompt", "answer 7", 0.0, 0.97)
PARTS = {"users": 0.1, "model": 0.9}


@pytest.mark.parametrize(
    ("carriers", "said"),
    [
        ([TOPIC, USER], "a new topic grows, “hotel, certificates”: 20 % of conversations, 0 %"
         " before; user meridian brings them."),
        ([USER, TOPIC], "user meridian asks for other things (lamp, hotel): 24 %"),
        ([GONE], "what is asked differs (lamp, hotel): user bulk is gone, 40 % of conversations"
         " before."),
        ([GERMAN, TOPIC], "users write in German more often: 33 % of conversations, 1 % before."),
        ([OLD], "what is asked differs (lamp, hotel): model mini has 50 %"),
        ([], "what is asked differs (lamp, hotel); no single slice carries it."),
    ],
)  # fmt: skip
def test_what_is_said_of_inputs(carriers: list[Slice], said: str) -> None:
    assert said in wording.of_inputs(Told("12 Nov", carriers, ["lamp", "hotel"]))


def test_what_is_said_of_answers() -> None:
    def said(cause: str, carriers: list[Slice], shorter: float | None) -> str:
        return wording.of_answers(Told("12 Nov", carriers, []), "outputs", cause, PARTS, shorter)

    assert said("model", [MODEL], -0.38) == (
        "Since 12 Nov answers are 38 % shorter at the same questions: the model changed"
        " (mini-2026-10-28), not the users."
    )
    assert "the answers differ at the same questions" in said("model", [MODEL], None)
    assert "longer" in said("model", [MODEL], 0.2)
    assert "not the users" not in said("both", [MODEL], None)
    assert "90 % of it" in said("both", [MODEL], None)
    assert "what answered changed" in said("model", [], None).replace("answers", "answered")
    assert "mostly with model mini" in said("model", [OLD], None)
    asked = said("users", [GERMAN, MODEL], -0.3)
    assert "language German: 33 %" in asked
    assert asked.endswith("90 % of the change is how the same questions are answered.")
    parts = {"users": 0.95, "model": 0.05}
    asked = wording.of_answers(Told("12 Nov", [GERMAN], []), "outputs", "users", parts, None)
    assert asked.endswith("; the same questions are answered as before.")


def test_what_came_together_cannot_be_told_apart() -> None:
    def said(*carriers: Slice) -> str:
        return wording.of_answers(Told("12 Nov", carriers, []), "outputs", "model", PARTS, None)

    assert "a release changed them (2.1), not the users." in said(RELEASE)
    assert ": prompt answer 7 and release 2.1 came together and changed them," in said(
        PROMPT, RELEASE
    )
    assert said(MODEL, RELEASE).endswith(
        "the model changed (mini-2026-10-28), not the users. At that time release 2.1 began, too."
    ), "the model lies beyond its size"


def test_a_cause_came_with_the_change_and_brought_as_much_as_others_that_came() -> None:
    def brought(one: Slice, much: float, p: float = 0.001) -> Slice:
        return replace(one, explains=much, p=p)

    def said(*made: Slice) -> str:
        return wording.of_answers(Told("12 Nov", made, []), "outputs", "model", PARTS, None)

    agent = slice_of("prompt", "research 70", 0.0, 0.11)
    small = replace(brought(agent, 0.35), before=0.0)
    assert small.carries, "it stands out of its size, and made a third of what the release made"
    assert "a release changed them (2.1), not the users." in said(small, brought(RELEASE, 1.0))
    against = said(brought(RELEASE, 1.0), brought(PROMPT, 0.6), brought(MODEL, -0.5))
    assert ": release 2.1 and prompt answer 7 came together and changed them," in against
    assert against.endswith(
        " Model mini-2026-10-28 began at that time, too, and changes them the other way, in 48 % of"
        " conversations."
    )
    model = brought(MODEL, -0.5)
    opposite = said(brought(RELEASE, 1.0), replace(model, longer=(-0.31, 0.52)))
    assert opposite.endswith(" of conversations: 31 % shorter there, 52 % longer elsewhere.")
    alike = said(brought(RELEASE, 1.0), replace(model, longer=(0.2, 0.52)))
    assert alike.endswith(" of conversations."), "lengths tell nothing of what goes the other way"
    beside = said(brought(RELEASE, 1.0), brought(MODEL, 0.3))
    assert beside.endswith("At that time model mini-2026-10-28 began, too.")
    assert "began" not in said(brought(RELEASE, 1.0), brought(agent, 0.1)), "few conversations"
    assert "what answers changed" in said(brought(RELEASE, 0.2)), "it came, and brought little"
    by_chance = said(brought(RELEASE, 1.0), brought(MODEL, 0.4, p=0.4))
    assert "began" not in by_chance
    was_there = replace(brought(RELEASE, 1.0), just_before=1.0)
    assert "release" not in said(was_there)


def test_the_rest_of_the_values_is_no_slice_that_says_anything() -> None:
    """Frequent values have a name; now that there are few items, all of them are frequent."""
    before = RNG.normal(size=(600, 4)).astype(np.float32)
    now = RNG.normal(1, 1, size=(40, 4)).astype(np.float32)
    users = [f"user {n}" for n in range(600)], [f"user {n}" for n in range(560, 600)]
    found = {one.value: one for one in slices(space_of((before, now), {}), {"user": users})}
    rest = found["others"]
    assert rest.before > 0.9 and rest.now == 0
    assert rest.p == 1 and not rest.carries


def test_what_pulls_against_the_rest_leaves_more_than_all() -> None:
    before = RNG.normal(size=(200, 3)).astype(np.float32)
    now = RNG.normal(size=(200, 3)).astype(np.float32)
    now[:120, 0] += 2.0
    now[120:, 0] -= 1.5
    models = ["a"] * 120 + ["b"] * 80, ["a"] * 120 + ["b"] * 80
    found = {one.value: one for one in slices(space_of((before, now), {}), {"model": models})}
    assert found["b"].left is not None and found["b"].left > 1.5


def test_what_is_gone_can_be_what_changed() -> None:
    told = Told("12 Nov", [BRIEF], [])
    answers = wording.of_answers(told, "outputs", "model", PARTS, 0.3)
    assert answers == (
        "Since 12 Nov answers are 30 % longer at the same questions: the model changed (brief is"
        " gone, 22 % of them before), not the users."
    )
    brief = replace(BRIEF, just_before=0.46)
    usual = replace(slice_of("model", "usual", 0.24, 0.49), explains=0.2, just_before=0.0)
    told = Told("12 Nov", [brief, usual, replace(OLD, explains=0.1)], [])
    assert "the model changed (usual in place of brief, 46 % of them just before), not the" in (
        wording.of_answers(told, "outputs", "model", PARTS, 0.3)
    )
    of_users = wording.of_answers(Told("12 Nov", [GONE], []), "outputs", "users", PARTS, None)
    assert "(user bulk is gone, 40 % of conversations before)" in of_users
    before = np.concatenate([RNG.normal(size=(200, 8)), RNG.normal(3.0, 1, size=(100, 8))])
    now = RNG.normal(size=(150, 8))
    models = ["usual"] * 200 + ["brief"] * 100, ["usual"] * 150
    space = space_of((before.astype(np.float32), now.astype(np.float32)), {})
    found = {one.value: one for one in slices(space, {"model": models})}
    assert found["brief"].is_gone and found["brief"].carries and not found["usual"].is_gone


def test_a_new_version_is_measured_by_what_it_took_the_place_of() -> None:
    """Reports are long in both versions and a few more of them stand for little; answers grow."""
    before = np.concatenate([RNG.normal(0, 1, (250, 8)), RNG.normal(6, 1, (30, 8))])
    now = np.concatenate([RNG.normal(1, 1, (90, 8)), RNG.normal(6, 1, (10, 8))])
    prompts = (
        ["answer 69"] * 250 + ["report 69"] * 30,
        ["answer 70"] * 90 + ["report 70"] * 10,
    )
    space = space_of((before.astype(np.float32), now.astype(np.float32)), {})
    made = slices(space, {"prompt": prompts})
    found = {one.value: one for one in made}
    assert found["report 70"].explains > 0.35 and not found["report 70"].carries
    assert found["answer 70"].carries and found["answer 70"].brought > 0.8
    assert sum(one.explains for one in made) == pytest.approx(1.0)
    assert "succeeds" not in found["answer 70"].as_json()


def test_what_is_said_of_nothing() -> None:
    assert "With 140 conversations, a shift of under 30 %" in wording.of_quiet(0.3, 140)
    assert "too few" in wording.of_quiet(None, 31)
    assert wording.share(0.004) == "under 1 %" and wording.share(0) == "0 %"
    assert wording.language("de") == "German" and wording.language("sw") == "Swahili"
    assert wording.language("la") == "another language (la)"
    assert wording.language("") == wording.language("unknown") == "an unknown language"
