"""Three weeks of believable traffic, sent over HTTP like any client's:

for a first look, and for pages to be tried.
"""
