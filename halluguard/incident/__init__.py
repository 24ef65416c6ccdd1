"""The incident record: from a run's facts alone to pages for people, drafts for four readers, and exports for machines.

`write_incident` writes all of it; `Header` is what people state, `Action` what was done; `read_stated` reads both
from YAML.
"""

from halluguard.incident.facts import Action, Header
from halluguard.incident.stated import read_actions, read_stated
from halluguard.incident.write import write_incident

__all__ = ["Action", "Header", "read_actions", "read_stated", "write_incident"]
