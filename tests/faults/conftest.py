"""What the scenes have in common."""

import json
from pathlib import Path

import pytest

from hubpipe.training import command

THEMES = ("dark mode", "shortcuts", "printing", "the installer", "translations", "the search")


@pytest.fixture(scope="session")
def similar_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was learned from 24 issues, with their index."""
    folder = tmp_path_factory.mktemp("learned")
    rows = [
        {
            "title": f"{'Crash in' if day % 2 else 'Please add'} {THEMES[day % 6]} {day}",
            "body": f"Number {day}.",
            "label": "bug" if day % 2 else "wish",
            "created_at": f"2026-01-{day:02}",
        }
        for day in range(1, 25)
    ]
    data = folder / "data.jsonl"
    data.write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    asked = command.Asked(out=folder / "model", data=data, force=True)
    command.train_as_asked(asked, {"HF_HUB_OFFLINE": "1"}, lambda done, total: None)
    return folder / "model"
