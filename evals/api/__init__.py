"""The API of evaluators, connections, back-fills, and of why something was not scored."""
