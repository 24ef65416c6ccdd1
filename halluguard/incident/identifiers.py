"""The identifiers a record may carry, frozen with the version they were read from; nothing else is ever written.

An identifier is printed as "consistent with" only. Names and notes are in our own words where the source has a longer text.
"""

from dataclasses import dataclass
from enum import StrEnum

from halluguard.errors import SettingError


class Framework(StrEnum):
    """Where an identifier comes from."""

    CSF = "csf"
    ATLAS = "atlas"
    OWASP_LLM = "owasp-llm"
    OWASP_ML = "owasp-ml"
    AI_600_1 = "ai-600-1"


@dataclass(frozen=True, slots=True)
class Source:
    """A framework by name and version, with a page of its owner."""

    name: str
    version: str
    url: str


SOURCES = {
    Framework.CSF: Source("NIST CSF 2.0, as profiled by NIST SP 800-61r3", "2.0 (r3 of April 2025)", "https://doi.org/10.6028/NIST.SP.800-61r3"),
    Framework.ATLAS: Source("MITRE ATLAS", "5.6.0", "https://atlas.mitre.org"),
    Framework.OWASP_LLM: Source("OWASP Top 10 for LLM Applications", "2025", "https://genai.owasp.org/llm-top-10/"),
    Framework.OWASP_ML: Source("OWASP Machine Learning Security Top 10", "2023", "https://owasp.org/www-project-machine-learning-security-top-10/"),
    Framework.AI_600_1: Source("NIST AI 600-1, Generative AI Profile", "July 2024", "https://doi.org/10.6028/NIST.AI.600-1"),
}  # fmt: skip

TABLE: dict[Framework, dict[str, str]] = {
    Framework.CSF: {
        "DE.CM-09": "computing resources and their data are monitored for adverse events",
        "DE.AE-02": "events are analysed",
        "DE.AE-03": "events are correlated over several sources",
        "DE.AE-04": "impact and scope are understood",
        "DE.AE-06": "those who must know are informed",
        "DE.AE-08": "an incident is declared",
        "RS.MA-02": "reports are triaged",
        "RS.MA-03": "the incident is categorised",
        "RS.MA-04": "the incident is escalated",
        "RS.MA-05": "criteria for recovery are applied",
        "RS.AN-03": "root cause is found",
        "RS.AN-06": "actions are recorded",
        "RS.AN-07": "evidence is kept with its integrity",
        "RS.AN-08": "magnitude is estimated",
        "RS.CO-02": "stakeholders are notified",
        "RS.CO-03": "information is shared",
        "RS.MI-01": "the incident is contained",
        "RS.MI-02": "the incident is eradicated",
        "RC.RP-01": "recovery is carried out",
        "RC.RP-03": "backups are verified before use",
        "RC.RP-05": "restored assets are verified",
        "RC.RP-06": "the end of the incident is declared",
        "RC.CO-03": "progress is told to stakeholders",
        "RC.CO-04": "the public is updated",
        "ID.IM-02": "improvements come from tests and exercises",
        "ID.IM-03": "improvements come from operations",
        "ID.IM-04": "response plans are kept and improved",
    },
    Framework.ATLAS: {
        "AML.T0070": "RAG Poisoning",
        "AML.T0071": "False RAG Entry Injection",
        "AML.T0066": "Retrieval Content Crafting",
        "AML.T0059": "Erode Dataset Integrity",
        "AML.T0061": "LLM Prompt Self-Replication",
        "AML.T0067.000": "LLM Trusted Output Components Manipulation: Citations",
        "AML.T0048": "External Harms",
    },
    Framework.OWASP_LLM: {
        "LLM04": "Data and Model Poisoning",
        "LLM08": "Vector and Embedding Weaknesses",
        "LLM09": "Misinformation",
    },
    Framework.OWASP_ML: {
        "ML02": "Data Poisoning",
        "ML08": "Model Skewing",
        "ML09": "Output Integrity",
    },
    Framework.AI_600_1: {
        "MS-2.5-003": "verify sources and citations",
        "MS-2.5-005": "provenance of retrieved data",
        "MS-2.6-005": "monitor, recover from and repair errors",
        "MG-2.2-003": "monitor feedback loops",
        "MG-2.3-001": "keep response and recovery plans current",
        "MG-2.4-001": "communicate deactivation",
        "MG-3.2-006": "monitor in real time with alerts to people",
        "MG-4.1-002": "monitor after deployment, confabulation included",
        "MG-4.1-006": "track changes and deletions in data sets",
        "MG-4.2-002": "practise plans and hold post-mortems",
        "MG-4.3-001": "assess after the action",
        "MG-4.3-002": "record errors and near misses",
        "GV-4.3-002": "minimum incident record",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tag:
    """One identifier of one framework."""

    framework: Framework
    id: str

    @property
    def name(self) -> str:
        """What it stands for."""
        return TABLE[self.framework][self.id]

    @property
    def told(self) -> str:
        """The only wording in which a record names an identifier."""
        return f"consistent with {self.id} ({self.name})"


def tag(id_: str) -> Tag:
    """Return the tag of an identifier; raises SettingError for one that is in no table."""
    for framework, rows in TABLE.items():
        if id_ in rows:
            return Tag(framework, id_)
    raise SettingError(f"identifier {id_!r} is in no table of halluguard.incident.identifiers")


def tags(*ids: str) -> tuple[Tag, ...]:
    """Return the tags of several identifiers."""
    return tuple(tag(one) for one in ids)
