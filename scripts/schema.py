"""Write schema/hubpipe.schema.json from the code that reads the configuration."""

import json
from pathlib import Path

from hubpipe.config import json_schema

TARGET = Path(__file__).parents[1] / "schema" / "hubpipe.schema.json"


def text() -> str:
    """Give the schema as it stands in the repository."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(f"wrote {TARGET.name}")
