import json

from evals.ragtruth_log import (
    ragtruth_log,
    ragtruth_turns,
    repeat_turns,
    split_passages,
    turn_id_of,
    write_turns,
)
from halluguard.logs import read_log

ROWS = [
    {
        "id": str(number),
        "document": "passage 1:Bags are free. Up to 8 kg.\n\npassage 2:Dogs are not allowed.\n\n",
        "query": "what is allowed",
        "claim": f"Bags of up to {number} kg are free. Dogs are not allowed. Ask the crew.",
        "model": "m",
    }
    for number in (8, 9)
]


def test_passages_come_without_their_labels():
    assert split_passages(ROWS[0]["document"]) == ["Bags are free. Up to 8 kg.", "Dogs are not allowed."]
    assert split_passages("One text.") == ["One text."]


def test_a_log_reads_back_as_its_turns_and_the_corpus_holds_each_passage_once(tmp_path):
    assert ragtruth_log(ROWS, tmp_path / "log.jsonl", tmp_path / "trusted.jsonl") == 2
    turns = list(read_log(tmp_path / "log.jsonl"))
    assert [turn.turn_id for turn in turns] == [turn_id_of(row) for row in ROWS]
    assert [turn.answer for turn in turns] == [row["claim"] for row in ROWS]
    assert [chunk.text for chunk in turns[0].retrieved] == split_passages(ROWS[0]["document"])
    corpus = [json.loads(line) for line in (tmp_path / "trusted.jsonl").read_text().splitlines()]
    assert [(row["id"], row["text"]) for row in corpus] == [
        (chunk.id, chunk.text) for chunk in turns[0].retrieved
    ]


def test_repeating_gives_other_turns_with_the_same_sentences_and_the_same_every_time(tmp_path):
    base = list(ragtruth_turns(ROWS))
    turns = list(repeat_turns(base, 120, seed=3))
    assert turns == list(repeat_turns(base, 120, seed=3)) != list(repeat_turns(base, 120, seed=4))
    assert len({turn.turn_id for turn in turns}) == 120
    assert len({turn.conversation_id for turn in turns}) == 30
    sentences = ROWS[1]["claim"].replace(". ", ".\n").split("\n")
    assert {turn.answer for turn in turns[1::2]} == {
        "\n\n".join(sentences[:left] + sentences[left + 1 :]) for left in range(len(sentences))
    }
    assert all(str(1000 + place) not in turn.answer for place, turn in enumerate(turns[1:], start=1))
    write_turns(turns, tmp_path / "long.jsonl")
    assert [turn.answer for turn in read_log(tmp_path / "long.jsonl")] == [turn.answer for turn in turns]
