"""Which answers are on the topic of a false claim."""

from halluguard.cascade.observe import Answer
from halluguard.cascade.topic import find_topic


def test_questions_without_a_word_tell_no_topic():
    answers = [
        Answer(f"t{n}", float(n), "Yes.", "???", None, None, (n % 2,), promoted=False) for n in range(4)
    ]
    members, told = find_topic(answers, [0])
    assert members.tolist() == [0, 2]
    assert told == "retrieved entries"
