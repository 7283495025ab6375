"""LLM judges: prompts out, checked verdicts in. Pure: no Django, no network."""
