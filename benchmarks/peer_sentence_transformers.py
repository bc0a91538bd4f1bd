"""Name the best label of a new issue with sentence_transformers alone: what hubpipe's start is measured against."""

import json
import sys
from pathlib import Path

from sentence_transformers import SentenceTransformer, util

event = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
if event["action"] != "opened":
    sys.exit()
labels = sys.argv[3:]
model = SentenceTransformer(sys.argv[2], device="cpu")
text, *names = model.encode([f"{event['issue']['title']}\n{event['issue']['body']}", *labels])
print(labels[int(util.cos_sim(text, names).argmax())])
