"""Features against numpy's own differences and eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from core.segmentation.features import feature_names, features, reach


@pytest.mark.parametrize("shape", [(17, 23), (9, 11, 10)])
def test_each_feature_is_what_its_name_says(shape: tuple[int, ...]) -> None:
    grey = np.random.default_rng(0).uniform(0, 255, shape).astype(np.uint8)
    sigmas = (1.0, 1.7)
    found = dict(zip(feature_names(sigmas, grey.ndim), np.moveaxis(features(grey, sigmas), -1, 0), strict=True))
    assert np.array_equal(found.pop("grey"), grey)
    inside = (slice(2, -2),) * grey.ndim
    for sigma in sigmas:
        smooth = ndimage.gaussian_filter(grey.astype(np.float64), sigma, mode="reflect")
        slopes = np.stack(np.gradient(smooth))
        second = np.stack([np.stack(np.gradient(slope)) for slope in slopes])
        products = slopes[:, None] * slopes[None]
        tensor = np.stack([[ndimage.gaussian_filter(one, sigma, mode="reflect") for one in row] for row in products])
        expected = {
            "gaussian": smooth,
            "gradient": np.sqrt((slopes**2).sum(0)),
            "laplacian": np.trace(second),
        }
        for what, matrix in (("hessian", second), ("structure", tensor)):
            values = np.linalg.eigvalsh(np.moveaxis(matrix, (0, 1), (-2, -1)))[..., ::-1]
            expected |= {f"{what} {rank + 1}": values[..., rank] for rank in range(grey.ndim)}
        for name, value in expected.items():
            # numpy's differences at the edge are one-sided: the structure tensor blurs that inwards
            tolerance = 0.25 * float(np.abs(value).max()) if name.startswith("structure") else 2e-2
            assert np.abs(found.pop(f"{name} {sigma:g}")[inside] - value[inside]).max() < tolerance, name
    assert not found


def test_a_ramp_has_its_slope_and_no_curvature() -> None:
    yy, xx = np.mgrid[:80, :80]
    found = dict(zip(feature_names((2.0,), 2), np.moveaxis(features((2 * xx + yy).astype(np.float32), (2.0,)), -1, 0),
                     strict=True))  # fmt: skip
    centre = (slice(30, 50),) * 2
    assert np.allclose(found["gradient 2"][centre], np.sqrt(5), atol=1e-3)
    assert np.allclose(found["structure 1 2"][centre], 5, atol=1e-2)
    for name in ("laplacian 2", "hessian 1 2", "hessian 2 2", "structure 2 2"):
        assert np.allclose(found[name][centre], 0, atol=1e-2), name


@pytest.mark.parametrize("shape", [(120, 30), (70, 12, 14)])
def test_a_part_with_its_reach_has_the_same_features(shape: tuple[int, ...]) -> None:
    grey = np.random.default_rng(1).integers(0, 65536, shape).astype(np.uint16)
    sigmas = (1.0, 2.0)
    whole = features(grey, sigmas)
    margin = reach(sigmas)
    part = features(grey[30 - margin : 40 + margin], sigmas)
    assert np.array_equal(part[margin : margin + 10], whole[30:40])


def test_eigenvalues_of_equal_directions_are_no_trouble() -> None:
    assert np.isfinite(features(np.zeros((8, 8, 8), np.float32), (1.0,))).all()
    one = np.zeros((15, 15, 15), np.float32)
    one[7, 7, 7] = 1000
    found = dict(zip(feature_names((1.5,), 3), features(one, (1.5,))[7, 7, 7], strict=True))
    assert np.allclose([found[f"hessian {rank} 1.5"] for rank in (1, 2, 3)], found["laplacian 1.5"] / 3, rtol=1e-3)
