"""From an ungrounded claim to the corrupted store entry, and the whole store swept.

`trace_run` is the stage; `sweep` goes through a store without a log. `index_entries` ranks a store as its retriever does,
`Vouching` holds its texts against the trusted corpus, and `Denied` against statements known to be false.
"""

from halluguard.forensics.denied import Denied
from halluguard.forensics.integrity import sweep
from halluguard.forensics.nearest import EntryIndex, index_entries
from halluguard.forensics.trace import trace_run
from halluguard.forensics.vouched import Vouching

__all__ = ["Denied", "EntryIndex", "Vouching", "index_entries", "sweep", "trace_run"]
