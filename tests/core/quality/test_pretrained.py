"""Networks that others trained: their files, their names, and their structure against torchvision's own."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from core.errors import InputError
from core.job import finish
from core.quality import NetworkSpace, comparing_sets, frechet_distance, kernel_distance, precision_recall, read_weights
from core.quality.inception import InceptionV3, _Block
from core.quality.pretrained import FID, INCEPTION, PUBLISHED, VGG
from core.quality.vgg import VGG19
from core.report.quality import quality_json, quality_rows
from tests.core.quality.test_comparing import pictures


class Small(nn.Module):
    """The mean of the first colour, of the second's square, and the value of the first corner."""

    def forward(self, shown: torch.Tensor) -> torch.Tensor:
        return torch.stack([shown[:, 0].mean((1, 2)), (shown[:, 1] ** 2).mean((1, 2)), shown[:, 2, 0, 0]], 1)


def space(network: str, start: str, side: int = 32) -> NetworkSpace:
    return NetworkSpace(network, "w.pth", start.ljust(64, "0"), Small(), side)


@pytest.fixture(scope="module")
def weights() -> dict[str, torch.Tensor]:
    """Of the network in FID's form, quickly drawn."""
    with torch.device("meta"):
        module = InceptionV3(for_fid=True)
    made = {name: torch.full(array.shape, 0.01) for name, array in module.state_dict().items()}
    return {name: array for name, array in made.items() if "num_batches" not in name} | {"fc.bias": torch.zeros(1008)}


@pytest.mark.parametrize("start", PUBLISHED)
def test_fid_is_the_name_of_one_space_alone(start: str) -> None:
    for network in (FID, INCEPTION, VGG):
        one = space(network, start)
        right = PUBLISHED[start][0] == network
        assert one.known == right and ("unknown weights (sha256 " + start in one.name) == (not right)
        assert (one.frechet_name == "FID") == (start == "6726825d" and network == FID)
        assert not right or PUBLISHED[start][1] in one.name


def test_what_a_network_is_shown() -> None:
    picture = np.zeros((2, 2), bool)
    picture[0, 0] = True
    shown = space(INCEPTION, "", side=2).prepared(picture)
    assert shown.shape == (1, 3, 2, 2) and torch.equal(shown[0, 1], torch.tensor([[1.0, -1], [-1, -1]]))
    shown = space(VGG, "", side=2).prepared(picture)
    assert shown[0, :, 0, 0] == pytest.approx([(1 - 0.485) / 0.229, (1 - 0.456) / 0.224, (1 - 0.406) / 0.225])
    assert shown[0, :, 1, 1] == pytest.approx([-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225])
    # bilinear at twice the size: a quarter of the way from the middle of one pixel to that of the next
    shown = space(FID, "", side=4).prepared(picture)
    assert shown[0, 0, 1].tolist() == pytest.approx([0.5, 0.125, -0.625, -1])


def test_distances_are_those_of_the_features_as_they_are() -> None:
    generated, real = pictures(0, 6), pictures(1, 8)
    one = space(FID, "6726825d")
    found = finish(comparing_sets(generated, real, one))
    clouds = [np.stack([finish(one.features(picture)) for picture in each.pictures]) for each in (generated, real)]
    assert clouds[0][:, 0] == pytest.approx(2 * generated.pictures.mean(axis=(1, 2)) - 1)
    assert found.frechet == pytest.approx(frechet_distance(*clouds)) != 0
    assert found.kernel == pytest.approx(kernel_distance(*clouds))
    assert found.manifolds == precision_recall(*clouds)
    plain = json.loads(json.dumps(quality_json(found)))
    assert plain["fid"] == found.frechet and plain["feature_weights"] == {"file": "w.pth", "sha256": one.sha256}
    assert [row[0] for row in quality_rows(found)].count("FID") == 1
    other = finish(comparing_sets(generated, real, space(INCEPTION, "6726825d")))
    assert other.frechet == found.frechet and "unknown weights" in other.space
    assert "fid" not in quality_json(other) and "FID" not in [row[0] for row in quality_rows(other)]


def test_files_of_both_kinds_are_read_and_named_by_their_hash(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    save_file(weights, tmp_path / "w.safetensors")
    torch.save(weights, tmp_path / "w.pth")
    picture = pictures(3, 1).pictures[0]
    found = [read_weights(tmp_path / name, "cpu") for name in ("w.safetensors", "w.pth")]
    a, b = (finish(one.features(picture)) for one in found)
    assert a.shape == (2048,) and np.isfinite(a).all() and np.array_equal(a, b)
    for one in found:
        assert one.network == FID and one.frechet_name == "Fréchet distance" and one.sha256[:16] in one.name
    assert found[0].sha256 != found[1].sha256


class Trap:
    def __reduce__(self) -> tuple[Callable, tuple]:
        return (Path.touch, (Path("sprung"),))


def test_nothing_in_a_file_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"fc.bias": Trap()}, "trap.pth")
    with pytest.raises(InputError, match="no file of weights"):
        read_weights(tmp_path / "trap.pth")
    assert not Path("sprung").exists()


def test_other_files(tmp_path: Path, weights: dict[str, torch.Tensor]) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_weights(tmp_path / "missing.pth")
    (tmp_path / "text.pth").write_text("no weights")
    with pytest.raises(InputError, match="no file of weights"):
        read_weights(tmp_path / "text.pth")
    wrong: dict[str, Any] = {
        "another network": {"conv1.weight": torch.zeros(2)},
        "more than the weights": {"epoch": 3},
        "lacks Mixed_5b.branch1x1.conv.weight": weights | {"Mixed_5b.branch1x1.conv.weight": torch.zeros(3)},
    }
    for said, content in wrong.items():
        torch.save(content, tmp_path / "w.pth")
        with pytest.raises(InputError, match=said):
            read_weights(tmp_path / "w.pth")


def test_pools_of_both_forms() -> None:
    picture = torch.arange(4.0).reshape(1, 1, 2, 2)
    assert _Block("average").pooled(picture).flatten().tolist() == pytest.approx([6 / 9] * 4)
    assert _Block("average of what is there").pooled(picture).flatten().tolist() == pytest.approx([1.5] * 4)
    assert _Block("maximum").pooled(picture).flatten().tolist() == [3] * 4
    made = [(InceptionV3(for_fid=True), "average of what is there", "maximum"), (InceptionV3(False), *["average"] * 2)]
    for module, usual, last in made:
        pools = [one.pool for one in module.modules() if isinstance(one, _Block)]
        assert pools == [usual] * 8 + [last]


def _same(own: nn.Module, theirs: nn.Module, shown: torch.Tensor) -> None:
    """Both give the same for random weights; those that have no part in the features are left out."""
    dice = torch.Generator().manual_seed(3)
    for name, array in theirs.state_dict().items():
        if array.dtype.is_floating_point:
            fan = math.prod(array.shape[1:]) or 1
            drawn = torch.randn(array.shape, generator=dice) * (2 / fan) ** 0.5 if array.ndim > 1 else torch.rand(
                array.shape, generator=dice
            ) + (0.5 if "var" in name or "weight" in name else 0)  # fmt: skip
            array.copy_(drawn)
    given = theirs.state_dict()
    own.load_state_dict({name: given[name] for name in own.state_dict()})
    with torch.inference_mode():
        a, b = own.eval()(shown), theirs.eval()(shown)
    assert a.std() > 1e-3 and torch.allclose(a, b, rtol=1e-4, atol=1e-5 * float(b.abs().max()))


def test_structure_against_torchvision() -> None:
    models = pytest.importorskip("torchvision.models", reason="torchvision (extra: validate) is not installed")
    dice = torch.Generator().manual_seed(5)
    theirs = models.inception_v3(weights=None, aux_logits=True, init_weights=False, transform_input=False)
    theirs.fc = nn.Identity()
    _same(InceptionV3(for_fid=False), theirs, torch.rand(1, 3, 299, 299, generator=dice) * 2 - 1)
    theirs = models.vgg19(weights=None, init_weights=False)
    theirs.classifier = theirs.classifier[:5]
    _same(VGG19(), theirs, torch.randn(1, 3, 224, 224, generator=dice))


def test_unknown_weights_keep_their_whole_hash() -> None:
    one = replace(space(VGG, ""), sha256="ab" * 32)
    assert one.weights["sha256"] == "ab" * 32 and "abababababababab…" in one.name
