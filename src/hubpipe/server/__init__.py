"""Turn webhooks into reports: the bot, which keeps its models warm."""
