"""Text in several languages."""

from hypothesis import given
from hypothesis import strategies as st

from scheduler.words import Words

TEXTS = st.dictionaries(st.sampled_from(["en", "zh", "de", "fr"]), st.text(min_size=1))


@given(TEXTS, st.sampled_from(["en", "zh", "de", "fr", "it"]))
def test_the_language_then_english_then_whatever_there_is(
    texts: dict[str, str], language: str
) -> None:
    said = Words.of(texts).say(language)
    if language in texts:
        assert said == texts[language]
    elif "en" in texts:
        assert said == texts["en"]
    else:
        assert said in texts.values() or said == ""


@given(TEXTS)
def test_the_order_of_writing_does_not_matter(texts: dict[str, str]) -> None:
    backwards = dict(reversed(texts.items()))
    assert Words.of(texts) == Words.of(backwards)
    assert hash(Words.of(texts)) == hash(Words.of(backwards))


def test_an_empty_text_is_a_missing_one() -> None:
    assert Words.of(en="", zh="输注").say("en") == "输注"
    assert Words.of(en="Infusion", zh="").say("zh") == "Infusion"


def test_words_from_a_mapping_and_keywords() -> None:
    words = Words.of({"en": "Dose"}, zh="剂量")
    assert words == Words.of(zh="剂量", en="Dose")
    assert str(words) == "Dose"


def test_no_words_at_all_are_empty() -> None:
    assert str(Words.of()) == Words.of().say("zh") == ""
