"""Count what a run spends at endpoints, and stop it at its budget."""

from dataclasses import dataclass, field

from hubpipe.config import Budget
from hubpipe.errors import BudgetError

SPENT = "the run's budget is spent: {used:g} of {most:g} {unit}. Raise budget.{unit}, or set fallback: embedded"


@dataclass
class Meter:
    """What one run has spent, in requests, tokens and seconds; the only thing of a run that changes."""

    budget: Budget = field(default_factory=Budget)
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0

    @property
    def seconds_left(self) -> float | None:
        """How many seconds of waiting the budget still allows, never below 0; None without such a limit."""
        return None if self.budget.seconds is None else max(0.0, self.budget.seconds - self.seconds)

    def ask(self) -> None:
        """Count one request before it is sent.

        Raises BudgetError where the budget does not allow it.
        """
        self.check()
        self.calls += 1

    def check(self) -> None:
        """See that the budget allows one more request.

        Raises BudgetError where it does not.
        """
        limits = (
            ("calls", self.calls, self.budget.calls),
            ("tokens", self.tokens, self.budget.tokens),
            ("seconds", round(self.seconds, 1), self.budget.seconds),
        )
        for unit, used, most in limits:
            if most is not None and used >= most:
                raise BudgetError(SPENT.format(used=used, most=most, unit=unit))

    def spend(self, tokens: int, seconds: float) -> None:
        """Count what an answer cost."""
        self.tokens += tokens
        self.seconds += seconds

    def report(self) -> dict[str, int | float]:
        """Give what was spent by unit, as the budget names it; the seconds to a tenth."""
        return {"calls": self.calls, "tokens": self.tokens, "seconds": round(self.seconds, 1)}
