"""Citation precision and recall as ALCE defines them (Gao et al., arXiv 2305.14627, section 3.3)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CitationCounts:
    """Parts of ALCE's two rates; sum them over claims before dividing.

    Recall is `supported_claims / claims`, precision is `needed / given`.
    """

    claims: int = 0
    supported_claims: int = 0
    given: int = 0
    needed: int = 0

    def __add__(self, other: "CitationCounts") -> "CitationCounts":
        return CitationCounts(
            self.claims + other.claims,
            self.supported_claims + other.supported_claims,
            self.given + other.given,
            self.needed + other.needed,
        )


def count_citations(
    n_given: int, *, all_support: bool, alone: Mapping[str, bool], without: Mapping[str, bool]
) -> CitationCounts:
    """Count one claim.

    A claim has recall 1 if all its cited text together entails it. A citation is needed, in such a claim, unless it
    is irrelevant: it does not entail the claim alone *and* the other citations entail it without it.

    Args:
        n_given: citations the claim gives, ghosts included; a ghost is never needed.
        all_support: whether the cited chunks together entail the claim.
        alone: for each cited chunk with text, whether it entails the claim by itself.
        without: for each cited chunk with text, whether the others entail the claim.

    """
    if not all_support:
        return CitationCounts(claims=1, given=n_given)
    needed = sum(1 for chunk in alone if alone[chunk] or not without[chunk])
    return CitationCounts(claims=1, supported_claims=1, given=n_given, needed=needed)
