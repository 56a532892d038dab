"""The list of settings that people copy is the list that the program reads."""

import re
from pathlib import Path

from anling.settings import Settings

_FILE = Path(__file__).parent.parent / ".env.example"


def test_the_example_names_every_setting_and_no_other() -> None:
    """Whoever copies .env.example sees every setting there is."""
    named = re.findall(r"^(ANLING_\w+)=", _FILE.read_text(), re.MULTILINE)

    assert sorted(f"ANLING_{name.upper()}" for name in Settings.model_fields) == sorted(named)
