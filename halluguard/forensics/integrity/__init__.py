"""The integrity sweep."""
