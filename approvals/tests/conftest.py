import pytest

from approvals.tests.office import open_office
from tests.cast import Cast


@pytest.fixture
def office(cast: Cast) -> Cast:
    """The cast, at work."""
    open_office(cast)
    return cast
