"""Frozen prompts, asked of a model again and again: has it changed under its name?"""
