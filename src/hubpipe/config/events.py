"""The events that hubpipe handles, by GitHub's names, and what each means where a flow names no activity."""

from typing import Literal

ANY = "*"

# The activity types of each event, as in https://docs.github.com/en/webhooks/webhook-events-and-payloads;
# GitHub owns this set, so an unknown one is only refused where it looks like a slip of the pen.
_ISSUES = (
    "opened edited reopened closed labeled unlabeled assigned unassigned milestoned demilestoned locked unlocked"
    " transferred deleted pinned unpinned typed untyped"
)
_PULLS = (
    "opened edited reopened closed synchronize ready_for_review converted_to_draft labeled unlabeled assigned"
    " unassigned review_requested review_request_removed locked unlocked enqueued dequeued auto_merge_enabled"
    " auto_merge_disabled milestoned demilestoned"
)
EventName = Literal[
    "issues",
    "pull_request",
    "pull_request_target",
    "issue_comment",
    "pull_request_review_comment",
    "discussion",
    "discussion_comment",
    "workflow_run",
    "push",
    "release",
    "workflow_dispatch",
    "schedule",
]
ACTIVITIES: dict[str, tuple[str, ...]] = {
    "issues": tuple(_ISSUES.split()),
    "pull_request": tuple(_PULLS.split()),
    "pull_request_target": tuple(_PULLS.split()),
    "issue_comment": ("created", "edited", "deleted"),
    "pull_request_review_comment": ("created", "edited", "deleted"),
    "discussion": ("created", "edited", "answered", "unanswered", "category_changed", "labeled", "unlabeled"),
    "discussion_comment": ("created", "edited", "deleted"),
    "workflow_run": ("completed", "requested", "in_progress"),
    "push": (),
    "release": ("published", "created", "edited", "released", "prereleased", "unpublished", "deleted"),
    "workflow_dispatch": (),
    "schedule": (),
}
# What an event means where a flow names no activity type: new or changed text.
DEFAULT_ACTIVITIES: dict[str, tuple[str, ...]] = {
    "issues": ("opened", "edited", "reopened"),
    "pull_request": ("opened", "edited", "reopened", "synchronize", "ready_for_review"),
    "pull_request_target": ("opened", "edited", "reopened", "synchronize", "ready_for_review"),
    "issue_comment": ("created",),
    "pull_request_review_comment": ("created",),
    "discussion": ("created", "edited"),
    "discussion_comment": ("created",),
    "workflow_run": ("completed",),
    "release": ("published",),
}
