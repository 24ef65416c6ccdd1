"""A record for machines: native JSON, SARIF 2.1.0, STIX 2.1, MISP event and CSV. Each module is one pure function of the facts."""
