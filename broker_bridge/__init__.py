"""Takes in what homes send: commits it, judges nothing, answers only after the commit."""
