// The peer of benchmarks/ingest.py: a bot that does nothing about an opened issue, as Probot's documentation starts one.
import { run } from "probot";

await run((app) => {
  app.on("issues.opened", async () => {});
});
