"""The door: `python manage.py …` and the `sightglass` command are the same thing."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent / "platform"), str(Path(__file__).parent)]

from sightglass.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
