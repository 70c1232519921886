"""What several files of tests share."""

from __future__ import annotations

import pytest

from core.job import finish
from core.reconstruction.swnn import model as model_room
from core.reconstruction.swnn import training
from core.reconstruction.swnn.engine import SwnnEngine
from core.reconstruction.swnn.model import SwnnModel


@pytest.fixture(scope="session")
def trained() -> SwnnModel:
    """A tiny model for volume fractions from 0.2 to 0.6."""
    from tests.core.reconstruction.swnn.test_serving import TINY, target

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(model_room, "CALIBRATION_SIZE", (48, 48, 48))
        patch.setattr(training, "STATISTICS_BLOCKS", 2)
        model = finish(SwnnEngine().train(target(), TINY))
        assert isinstance(model, SwnnModel)
        finish(model.generate((8, 8, 8), 0))
    return model
