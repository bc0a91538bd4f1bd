"""GitHub for each installation: which token is asked for, and how often GitHub is asked whose a repository is."""

from dataclasses import dataclass, field

from hubpipe.deadline import Deadline
from hubpipe.server.hub import Hub
from tests.standin.standin import StandIn


@dataclass
class Tokens:
    """An App of which one installation has the repository."""

    text: str
    asked: list[str] = field(default_factory=list)

    def token(self, installation: int) -> str:
        self.asked.append(f"token of {installation}")
        return self.text

    def forget(self, installation: int) -> None:
        self.asked.append(f"forget {installation}")

    def installation_of(self, repo: str) -> int:
        self.asked.append("installation")
        return 7


def test_whose_a_repository_is_is_asked_once_for_all_requests_about_it(standin: StandIn) -> None:
    tokens = Tokens(standin.token)
    github = Hub({"GITHUB_API_URL": standin.url}, tokens).github(standin.repo, 0, Deadline())
    for _ in range(3):
        github.labels(standin.repo)
    assert tokens.asked.count("installation") == 1
    assert set(tokens.asked) == {"installation", "token of 7"}


def test_an_installation_that_the_delivery_names_is_not_asked_for(standin: StandIn) -> None:
    tokens = Tokens(standin.token)
    Hub({"GITHUB_API_URL": standin.url}, tokens).github(standin.repo, 5, Deadline()).labels(standin.repo)
    assert set(tokens.asked) == {"token of 5"}
