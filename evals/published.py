"""Figures that others published, with the page each stands on; ours are printed beside them."""

from typing import Final

RAGTRUTH_QA: Final[tuple[tuple[str, float | None, float | None, float], ...]] = (
    ("flag everything", 17.8, 100.0, 30.2),
    ("Prompt gpt-3.5-turbo", 18.8, 84.4, 30.8),
    ("Ragas faithfulness", 31.2, 41.9, 35.7),
    ("TruLens groundedness", 22.8, 92.5, 36.6),
    ("ChainPoll gpt-3.5", 33.5, 51.3, 40.5),
    ("SelfCheckGPT gpt-3.5", 35.0, 58.0, 43.7),
    ("Prompt gpt-4-turbo", 33.2, 90.6, 45.6),
    ("Luna (440M, trained on RAG data)", 37.8, 80.0, 51.3),
    ("lettucedetect-base-v1 (149M, trained on RAGTruth)", 60.6, 71.2, 65.5),
    ("lettucedetect-large-v1 (395M, trained on RAGTruth)", 65.9, 75.0, 70.2),
)
"""Example level, precision / recall / F1 on 900 answers, as LettuceDetect's page collects them (arXiv 2502.17125).

The 832 public rows leave out 68 answers, mostly clean ones, so figures there are a little kinder to everyone.
"""

RAGTRUTH_QA_SPANS: Final = (
    ("Prompt gpt-3.5-turbo", 7.9, 25.1, 12.1),
    ("Prompt gpt-4-turbo", 23.7, 52.0, 32.6),
    ("Llama-2-13B, fine-tuned on RAGTruth", 55.8, 60.8, 58.2),
    ("lettucedetect-base-v1 (149M, trained on RAGTruth)", 62.7, 60.4, 61.5),
)
"""Character level, same source."""

SUMMEDITS: Final = (
    ("DAE", 55.4),
    ("SummaC-Conv", 57.1),
    ("QAFactEval", 67.4),
    ("ChatGPT", 72.5),
    ("GPT-4", 83.2),
    ("people", 90.6),
)
"""Mean balanced accuracy over the eight domains that are public here (salesforce/factualNLG; split not stated there)."""

WICE: Final = (
    ("Tulu-3-70B", 64.6),
    ("MiniCheck-Flan-T5-L (770M)", 72.2),
    ("gpt-4o-2024-05-13", 78.5),
    ("Bespoke-MiniCheck-7B", 83.0),
)
"""Balanced accuracy on the test claims (Liyan06/MiniCheck, LLM-AggreFact); ours is on the dev claims."""
