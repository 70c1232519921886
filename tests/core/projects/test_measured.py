"""What was measured of a volume goes to JSON and comes back equal; what cannot be is refused."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest

from core.errors import InputError
from core.images.values import Phase
from core.job import finish
from core.projects.measured import properties_from_json, properties_to_json, statistics_from_json, statistics_to_json
from core.properties import Moduli, Properties, PropertyPlan, properties
from core.report.properties import properties_json
from core.report.statistics import curve_table_csv, sentence, statistics_json
from core.statistics.describing import Described, describing
from core.statistics.descriptors import DESCRIPTORS
from core.statistics.measured import Sample
from tests.core.report.test_report_statistics import labels

PHASES = (Phase("a", "#000000"), Phase("b", "#ffffff"))


@pytest.fixture(scope="module")
def statistics() -> tuple[Described, ...]:
    quick = tuple(one for one in DESCRIPTORS if one.name not in ("local-thickness", "mean-intercept"))
    volume = Sample(labels((16, 16, 16), 1, sigma=1.0), ("a", "b"), 1, 5)
    picture = Sample(labels((48, 48), 2, sigma=1.0), ("a", "b"), 1, 5)
    return finish(describing(volume, quick, picture))


@pytest.fixture(scope="module")
def computed() -> Properties:
    plan = PropertyPlan(
        {0: 1.4, 1: 0.026}, 1, (0, 2), "fixed", "periodic", 1e-3, elasticity={0: Moduli(70e9, 0.2), 1: Moduli(0.0, 0.0)}
    )
    layers = np.zeros((6, 6, 6), np.uint8)
    layers[2:4] = 1
    return finish(properties(layers, (1e-6,) * 3, plan))


def through_text(value: Any) -> Any:
    return json.loads(json.dumps(value, allow_nan=False))


def test_statistics_come_back(statistics: tuple[Described, ...]) -> None:
    back = statistics_from_json(through_text(statistics_to_json(statistics)))
    # texts of both, since NaN is equal to nothing
    assert json.dumps(statistics_json(back)) == json.dumps(statistics_json(statistics))
    assert curve_table_csv(back, None) == curve_table_csv(statistics, None)
    assert [sentence(one) for one in back] == [sentence(one) for one in statistics]
    assert [one.compared is one.own for one in back] == [one.compared is one.own for one in statistics]
    for one, other in zip(statistics, back, strict=True):
        assert (one.band is None) == (other.band is None)
        if one.band is not None and other.band is not None:
            np.testing.assert_array_equal(one.band, other.band)


def test_properties_come_back_without_fields(computed: Properties) -> None:
    back = properties_from_json(through_text(properties_to_json(computed)))
    assert back is not None and back.plan == computed.plan
    assert properties_json(back, PHASES) == properties_json(computed, PHASES)
    assert back.conductivity is not None and computed.conductivity is not None
    assert back.conductivity.along[1].residuals == computed.conductivity.along[1].residuals
    assert back.conductivity.along[0].field.size == 0
    assert back.permeability is not None and back.permeability.along[0].velocity.size == 0
    assert back.elasticity is not None and computed.elasticity is not None
    np.testing.assert_array_equal(back.elasticity.stiffness, computed.elasticity.stiffness)


def test_nothing_measured_and_unknown_statistics() -> None:
    assert statistics_from_json(None) == () and properties_from_json(None) is None
    assert properties_to_json(None) is None and statistics_to_json(()) == []
    assert statistics_from_json([{"name": "of-the-future"}]) == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("axes",), [3]),
        (("ends",), "open"),
        (("pore_phase",), None),
        (("conductivity", "along"), []),
        (("conductivity", "values"), {"x": 1.0}),
        (("conductivity", "along", 0, "column"), [1.0, 2.0]),
        (("elasticity", "stiffness"), [[1.0] * 6]),
        (("elasticity", "moduli"), {}),
        (("elasticity", "loads", 0, "component"), 6),
        (("permeability", "along", 0, "residuals"), "none"),
    ],
)
def test_what_cannot_be_is_refused(computed: Properties, path: tuple[Any, ...], value: Any) -> None:
    data = copy.deepcopy(through_text(properties_to_json(computed)))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(InputError, match="project"):
        properties_from_json(data)


def test_curves_of_other_lengths_are_refused(statistics: tuple[Described, ...]) -> None:
    data = through_text(statistics_to_json(statistics))
    with_curve = next(item for item in data if item["own"]["curves"])
    with_curve["own"]["curves"][0]["x"].append(9.0)
    with pytest.raises(InputError, match="another length"):
        statistics_from_json(data)
