"""Reading truth; every way in is a project's."""
