"""Answerers of a drill: an offline extractive one with a fault model, and real language models behind the extra `llm`."""

import json
import re
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from langchain_core.documents import Document

from halluguard.drill.shelf import RememberingEmbeddings
from halluguard.errors import ModelError

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_OPENINGS = ("", "Thank you for your question. ", "Happy to help. ", "Good question. ", "Of course. ")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and the id of the entry it was taken from, None where the generator made it up."""

    text: str
    source: str | None


class Answerer(Protocol):
    """Anything that answers a question from passages; the same random state gives the same reply."""

    def answer(self, question: str, passages: Sequence[Document], generator: np.random.Generator) -> Reply:
        """Return a reply to the question."""
        ...


@dataclass(frozen=True)
class ExtractiveAnswerer:
    """Quote the sentence nearest to the question from one of the passages, drawn with exp(score / temperature).

    It stands for a model that follows one of its sources, better placed ones more often; it never mixes or corrects them.
    """

    embeddings: RememberingEmbeddings
    temperature: float = 0.08

    def answer(self, question: str, passages: Sequence[Document], generator: np.random.Generator) -> Reply:
        """Return an opening, the sentence, and a citation of the passage."""
        if not passages:
            return Reply("I could not find anything on that.", None)
        scores = np.array([float(passage.metadata["score"]) for passage in passages])
        weights = np.exp((scores - scores.max()) / self.temperature)
        chosen = passages[int(generator.choice(len(passages), p=weights / weights.sum()))]
        sentence = self._nearest_sentence(question, chosen.page_content)
        opening = _OPENINGS[int(generator.integers(len(_OPENINGS)))]
        return Reply(f"{opening}{sentence} [{chosen.id}]", chosen.id)

    def _nearest_sentence(self, question: str, text: str) -> str:
        sentences = [s for s in _SENTENCE.split(strip_question(text)) if len(s.split()) >= 4] or [text]
        vectors = self.embeddings.vectors([question, *sentences])
        return sentences[int(np.argmax(vectors[1:] @ vectors[0]))]


def strip_question(text: str) -> str:
    """Return the answer of a stored question and answer, any other text as it is."""
    return text.split("\nA: ", 1)[1] if text.startswith("Q: ") and "\nA: " in text else text


_PROMPT = (
    "Answer the question in one sentence, using only the numbered passages. End with the number of the passage you used in "
    "square brackets.\n\n{passages}\n\nQuestion: {question}\nAnswer:"
)


def write_prompt(question: str, passages: Sequence[Document]) -> str:
    """Return the prompt of a language model: numbered passages and the question."""
    numbered = "\n".join(f"[{n}] {p.page_content}" for n, p in enumerate(passages, start=1))
    return _PROMPT.format(passages=numbered, question=question)


def resolve_reply(text: str, passages: Sequence[Document]) -> Reply:
    """Turn a language model's numbers into entry ids; its first valid citation is taken as the source."""
    line = next((part.strip() for part in text.strip().splitlines() if part.strip()), "")
    cited = [int(found) for found in re.findall(r"\[(\d+)\]", line) if 1 <= int(found) <= len(passages)]
    told = re.sub(
        r"\[(\d+)\]",
        lambda m: f"[{passages[int(m[1]) - 1].id}]" if 1 <= int(m[1]) <= len(passages) else "",
        line,
    )
    return Reply(
        told.strip() or "I could not find anything on that.", passages[cited[0] - 1].id if cited else None
    )


@dataclass(frozen=True)
class EndpointAnswerer:
    """A chat model behind any OpenAI-compatible endpoint; `key` goes into the Authorization header only."""

    url: str
    model: str
    key: str = ""
    timeout_s: float = 60.0

    def answer(self, question: str, passages: Sequence[Document], generator: np.random.Generator) -> Reply:
        """Ask the endpoint; raises ModelError naming it where it does not answer as documented."""
        url = f"{self.url.rstrip('/')}/chat/completions"
        if not url.startswith(("http://", "https://")):
            raise ModelError(f"{self.url}: not a web address. Expected one such as http://localhost:8000/v1")
        body = {
            "model": self.model,
            "temperature": 0,
            "seed": int(generator.integers(2**31)),
            "messages": [{"role": "user", "content": write_prompt(question, passages)}],
        }
        headers = {
            "Content-Type": "application/json",
            **({"Authorization": f"Bearer {self.key}"} if self.key else {}),
        }
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - checked above
        try:
            with urllib.request.urlopen(request, timeout=self.timeout_s) as response:  # noqa: S310
                found: Any = json.load(response)
            return resolve_reply(str(found["choices"][0]["message"]["content"]), passages)
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise ModelError(
                f"{self.url}: no usable answer from the endpoint ({error}). Check address, model and key"
            ) from error


@dataclass(frozen=True)
class LocalModelAnswerer:
    """A causal language model run by transformers, greedy; load it with `load_local_model`."""

    tokenizer: Any
    model: Any
    max_new_tokens: int = 60

    def answer(self, question: str, passages: Sequence[Document], generator: np.random.Generator) -> Reply:  # noqa: ARG002 - greedy
        """Generate greedily from the prompt."""
        import torch

        prompt = write_prompt(question, passages)
        if self.tokenizer.chat_template:
            turn = [{"role": "user", "content": prompt}]
            prompt = self.tokenizer.apply_chat_template(turn, tokenize=False, add_generation_prompt=True)
        inputs = self.tokenizer(prompt, return_tensors="pt", truncation=True, max_length=1900)
        with torch.inference_mode():
            made = self.model.generate(**inputs, max_new_tokens=self.max_new_tokens, do_sample=False)
        told = self.tokenizer.decode(made[0][inputs["input_ids"].shape[1] :], skip_special_tokens=True)
        return resolve_reply(told, passages)


def load_local_model(folder: str, gguf_file: str | None = None) -> LocalModelAnswerer:
    """Load a causal model from a folder or hub name, or from a GGUF file in it (which needs the package `gguf`).

    Raises:
        ModelError: the model or a package of the extra `llm` is missing.

    """
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        options = {"gguf_file": gguf_file} if gguf_file else {}
        tokenizer = AutoTokenizer.from_pretrained(folder, **options)
        return LocalModelAnswerer(tokenizer, AutoModelForCausalLM.from_pretrained(folder, **options))
    except (ImportError, OSError, ValueError) as error:
        raise ModelError(
            f"{folder}: cannot be loaded as a language model ({error}). Install halluguard-rag[llm]"
        ) from error


def load_answerer(source: str) -> LocalModelAnswerer:
    """Load a language model by folder, `.gguf` file or hub name; raises `ModelError` as `load_local_model` does."""
    path = Path(source)
    return (
        load_local_model(str(path.parent), path.name) if path.suffix == ".gguf" else load_local_model(source)
    )
