import pytest

from hubpipe.config import Budget
from hubpipe.errors import BudgetError, EndpointError
from hubpipe.models.meter import Meter


def test_without_a_budget_everything_is_counted_and_nothing_is_refused() -> None:
    meter = Meter()
    for _ in range(3):
        meter.ask()
        meter.spend(tokens=10, seconds=0.25)
    assert meter.report() == {"calls": 3, "tokens": 30, "seconds": 0.8}
    assert meter.seconds_left is None


def test_as_many_requests_are_made_as_the_budget_allows() -> None:
    meter = Meter(Budget(calls=2))
    meter.ask()
    meter.ask()
    with pytest.raises(BudgetError, match=r"2 of 2 calls.*budget\.calls"):
        meter.ask()
    assert meter.calls == 2


def test_a_budget_of_nothing_allows_no_request() -> None:
    for budget in (Budget(calls=0), Budget(tokens=0), Budget(seconds=0)):
        with pytest.raises(BudgetError):
            Meter(budget).ask()


def test_no_request_is_made_once_the_tokens_or_the_seconds_are_spent() -> None:
    for budget, unit in ((Budget(tokens=100), "100 of 100 tokens"), (Budget(seconds=3), "3.5 of 3 seconds")):
        meter = Meter(budget)
        meter.ask()
        meter.spend(tokens=100, seconds=3.5)
        with pytest.raises(BudgetError, match=unit):
            meter.ask()


def test_the_seconds_that_are_left_never_fall_below_none() -> None:
    meter = Meter(Budget(seconds=5))
    meter.spend(0, 2)
    assert meter.seconds_left == 3
    meter.spend(0, 20)
    assert meter.seconds_left == 0


def test_a_spent_budget_is_a_fault_of_the_endpoint_so_that_a_fallback_takes_over() -> None:
    assert issubclass(BudgetError, EndpointError)
