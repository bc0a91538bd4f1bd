"""Keep the image's tests out of `make test`: a build takes minutes and needs a container tool.

Fixtures: what runs a workflow with that image.
"""

from pathlib import Path

import pytest

from tests.container.act import ACT, IMAGE, NO_ACT, ROOT, Runner

HERE = Path(__file__).parent


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    asked_for = (Path(config.invocation_params.dir, argument.partition("::")[0]) for argument in config.args)
    return None if any(path.resolve().is_relative_to(HERE) for path in asked_for) else True


@pytest.fixture(scope="session")
def action_image() -> str:
    """The Action's image, built from this working tree, where there is something to run workflows with."""
    from tests.container.test_container import build  # pytest wants to load a file of tests itself

    if not ACT:
        pytest.skip(NO_ACT)
    build(IMAGE, ROOT / "Dockerfile")
    return IMAGE


@pytest.fixture
def runner(action_image: str, tmp_path: Path) -> Runner:
    return Runner(action_image, tmp_path)
