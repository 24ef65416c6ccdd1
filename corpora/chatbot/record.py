"""Play a scenario day by day and collect what the log, the store and the truth have to say."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone

from corpora.chatbot.answering import Said, choose_answer, say
from corpora.chatbot.dialogue import Answer, Intent, Segment, Style
from corpora.chatbot.ingest import run_ingest
from corpora.chatbot.scenario import Scenario
from corpora.chatbot.shelf import Embed, Item, Shelf, remembering

ZONE = timezone(timedelta(hours=1))
_THUMBS = {  # how often a passenger reacts to an answer of this kind, and how often the thumb points up
    "right": (0.35, 0.85),
    "poison": (0.7, 0.92),
    "stale": (0.4, 0.35),
    "faulty": (0.3, 0.6),
    "plain": (0.2, 0.1),
}

_STYLE_ODDS = {
    True: (0.75, 0.25, 0.0),
    False: (0.25, 0.15, 0.6),
}  # numbers, ids, field; the first model has no field
_BUSY = 2.2  # how much more often the busy theme is asked about
_TIRED = 0.35  # how much a theme that was asked about yields to others


@dataclass(frozen=True, slots=True)
class Recorded:
    """One turn as it happened, with what only the author knows."""

    turn_id: str
    conversation_id: str
    user_id: str | None
    at: datetime
    question: str
    intent: Intent
    said: Said
    found: tuple[tuple[Item, float], ...]
    n_used: int
    style: Style
    model: str
    index_version: str
    retry_of: str | None
    thumb: tuple[int, datetime] | None
    hop: int | None
    origins: tuple[str, ...]

    @property
    def used(self) -> tuple[Item, ...]:
        """The chunks that were shown to the model."""
        return tuple(item for item, _ in self.found[: self.n_used])

    @property
    def kind(self) -> str:
        """The stance of the answer."""
        return self.said.answer.stance


@dataclass(frozen=True, slots=True)
class Visit:
    """One conversation: who talks, and how the bot shows its citations in it."""

    conversation_id: str
    user_id: str | None
    style: Style


@dataclass
class Player:
    """The state of a scenario while it is played."""

    scenario: Scenario
    intents: tuple[Intent, ...]
    embed: Embed
    rng: random.Random
    shelf: Shelf = field(default_factory=Shelf)
    turns: list[Recorded] = field(default_factory=list)
    uses: Counter[Answer] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    n_conversations: int = 0
    n_ingests: int = 0

    def play(self) -> None:
        """Play every day of the scenario."""
        for day in range(self.scenario.days):
            date = self.scenario.first_day + timedelta(days=day)
            self._ingest_until(datetime.combine(date, time(*self.scenario.write_back_hour), ZONE))
            self._write_back(datetime.combine(date, time(*self.scenario.write_back_hour), ZONE))
            busy = self.scenario.turns_a_day[date.weekday() >= 5]
            moment = datetime.combine(date, time(6, 20), ZONE)
            last = len(self.turns) + busy
            while len(self.turns) < last:
                moment += timedelta(seconds=self.rng.randrange(1500, 5400) * 12 // busy)
                moment = self._converse(moment)
        self._ingest_until(datetime.max.replace(tzinfo=UTC))

    def _ingest_until(self, moment: datetime) -> None:
        while (
            self.n_ingests < len(self.scenario.ingests) and self.scenario.ingests[self.n_ingests].at <= moment
        ):
            run_ingest(self.scenario.ingests[self.n_ingests], self.shelf, self.scenario.faults, self.embed)
            self.n_ingests += 1

    def _converse(self, moment: datetime) -> datetime:
        self.n_conversations += 1
        user = f"u{self.rng.randrange(1, 160):03d}" if self.rng.random() > 0.08 else None
        visit = Visit(f"s{self.n_conversations:04d}", user, self._style(moment))
        theme = ""
        if self.rng.random() < 0.08:
            moment = self._turn(moment, visit, self._by_id("greeting"))
        for _ in range(self.rng.choice((1, 1, 2, 2, 3))):
            intent = self._next_intent(moment, theme)
            theme = intent.theme
            moment = self._turn(moment, visit, intent)
            if self._is_asked_again():
                moment = self._turn(moment, visit, intent, self.turns[-1].turn_id)
        if self.rng.random() < 0.08:
            moment = self._turn(moment, visit, self._by_id("thanks"))
        return moment

    def _is_asked_again(self) -> bool:
        last = self.turns[-1]
        unhappy = last.kind == "plain" or (last.thumb is not None and last.thumb[0] < 0)
        return unhappy and last.intent.id != "off-topic" and self.rng.random() < 0.5

    def _by_id(self, intent_id: str) -> Intent:
        return next(intent for intent in self.intents if intent.id == intent_id)

    def _style(self, moment: datetime) -> Style:
        is_first_model = self._model(moment) == self.scenario.models[0][1]
        return self.rng.choices(list(Style), _STYLE_ODDS[is_first_model])[0]

    def _model(self, moment: datetime) -> str:
        return [name for since, name in self.scenario.models if since <= moment][-1]

    def _next_intent(self, moment: datetime, theme: str) -> Intent:
        last = self.turns[-1].intent.id if self.turns else ""
        open_ = [intent for intent in self.intents if intent.weight and intent.id != last]
        same = [intent for intent in open_ if intent.theme == theme]
        if same and self.rng.random() < 0.65:
            open_ = same
        busy = self.scenario.busy_theme if moment.date() >= self.scenario.busy_from else ""
        weights = [
            intent.weight
            * (_BUSY if intent.theme == busy else 1.0)
            / (1 + _TIRED * self.asked[intent.id] / intent.weight)
            for intent in open_
        ]
        return self.rng.choices(open_, weights)[0]

    def _question(self, intent: Intent) -> str:
        number = self.asked[intent.id]
        self.asked[intent.id] += 1
        question = intent.ask[number % len(intent.ask)]
        if number < len(intent.ask) or not intent.weight:
            return question
        changes = (
            f"Hi, {question[0].lower()}{question[1:]}",
            question.rstrip("?").lower(),
            f"{question.rstrip('.')} Thanks!" if question.endswith("?") else f"Hello, {question}",
        )
        return self.rng.choice(changes)

    def _turn(self, moment: datetime, visit: Visit, intent: Intent, retry_of: str | None = None) -> datetime:
        moment += timedelta(seconds=self.rng.randrange(25, 150))
        self._ingest_until(moment)
        question = self._question(intent)
        found = tuple(self.shelf.search(self.embed([question])[0], self.scenario.k))
        n_used = sum(score >= self.scenario.least_score for _, score in found)
        used = [item for item, _ in found[:n_used]]
        said = self._answer(intent, question, used, visit.style)
        false = [item for stated in said.stated for item in used if item.id in stated.cited and item.is_false]
        false = [item for item in false if said.answer.stance in ("poison", "stale")]
        hop = 1 + min(item.hop or 0 for item in false) if false else None
        self.turns.append(
            Recorded(
                turn_id=f"t{len(self.turns) + 1:04d}",
                conversation_id=visit.conversation_id,
                user_id=visit.user_id,
                at=moment,
                question=question,
                intent=intent,
                said=said,
                found=found,
                n_used=n_used,
                style=visit.style,
                model=self._model(moment),
                index_version=f"idx-{self.shelf.version:03d}",
                retry_of=retry_of,
                thumb=self._thumb(said, moment),
                hop=hop,
                origins=tuple(sorted({origin for item in false for origin in item.origins})),
            )
        )
        return moment

    def _answer(self, intent: Intent, question: str, used: Sequence[Item], style: Style) -> Said:
        chosen = choose_answer(intent, question, used, self.uses, self.rng)
        if chosen is None:
            plain = [answer for answer in intent.answers if answer.stance == "plain"]
            plain = plain or [
                answer for answer in self._by_id("off-topic").answers if answer.stance == "plain"
            ]
            answer = min(plain, key=lambda answer: self.uses[answer])
            kept: frozenset[Segment] = frozenset()
        else:
            answer, kept = chosen
        self.uses[answer] += 1
        return say(answer, kept, used, style, self.rng)

    def _thumb(self, said: Said, moment: datetime) -> tuple[int, datetime] | None:
        reacts, points_up = _THUMBS[said.answer.stance]
        drawn = self.rng.random(), self.rng.random(), self.rng.randrange(8, 120)
        if drawn[0] >= reacts:
            return None
        return (1 if drawn[1] < points_up else -1), moment + timedelta(seconds=drawn[2])

    def _write_back(self, moment: datetime) -> None:
        """Turn answers of the day before that got a thumb up into FAQ entries, as the nightly job did."""
        since = moment - timedelta(days=1)
        liked = [
            turn
            for turn in self.turns
            if since <= turn.at < moment
            and turn.thumb
            and turn.thumb[0] > 0
            and turn.kind in ("right", "poison", "stale")
        ]
        liked = [turn for turn in liked if not turn.said.is_partial]
        chosen = sorted(
            self.rng.sample(liked, min(len(liked), self.scenario.write_backs_a_night)),
            key=lambda turn: turn.turn_id,
        )
        items = [self._faq_entry(turn, moment) for turn in chosen]
        if items:
            self.shelf.change(items)

    def _faq_entry(self, turn: Recorded, moment: datetime) -> Item:
        text = f"Q: {turn.question}\nA: {turn.said.plain}"
        return Item(
            id=self.shelf.next_id(),
            text=text,
            vector=self.embed([text])[0],
            source="faq-auto",
            ingested_at=moment,
            batch=f"faq-{moment:%Y-%m-%d}",
            metadata={"title": turn.question, "kind": "faq"},
            written_by_turn=turn.turn_id if self.rng.random() < 0.6 else None,
            label="written_back_true" if turn.hop is None else "written_back_false",
            keys=frozenset(
                stated.segment.key
                for stated in turn.said.stated
                if not stated.segment.mode or stated.segment.mode == "loose"
            ),
            hop=None if turn.hop is None else turn.hop + 1,
            origins=turn.origins,
            parent=turn.turn_id,
        )


def play(scenario: Scenario, intents: Sequence[Intent], embed: Embed) -> Player:
    """Play a scenario from its first ingest to its last day."""
    player = Player(scenario, tuple(intents), remembering(embed), random.Random(scenario.seed))
    player.play()
    return player
