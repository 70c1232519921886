"""Features from a network that others trained, read from a weights file that the user points to.

Three networks are known, each by the names and shapes of its parameters: Inception-v3 in the form of FID and in
torchvision's, and VGG-19. Where the weights come from is known by the file's SHA-256, whose first eight digits the
published files carry in their names. Weights of any other hash are named as unknown ones, and the name FID belongs to
those alone that it is defined by.

Files are safetensors, or torch's own, of which nothing but arrays is ever read.

Pictures of a phase are white where the phase is and black elsewhere, enlarged or reduced to the size that the network
looks at: for FID's form exactly as pytorch-fid does it (bilinear, without smoothing before a reduction), for the others
with smoothing. Features are compared as they are, without scaling, as in the literature.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.devices import resolve
from core.errors import InputError
from core.job import Job, Progress, finish

if TYPE_CHECKING:
    import torch
    from torch import nn

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

FID, INCEPTION, VGG = "Inception-v3 in FID's form", "Inception-v3", "VGG-19"
"""Networks, as they are named in results."""

PUBLISHED: Mapping[str, tuple[str, str]] = {
    "6726825d": (FID, "pt_inception-2015-12-05-6726825d.pth"),
    "0cc3c7bd": (INCEPTION, "inception_v3_google-0cc3c7bd.pth"),
    "1a9a5a14": (INCEPTION, "inception_v3_google-1a9a5a14.pth"),
    "dcbb9e9d": (VGG, "vgg19-dcbb9e9d.pth"),
}
"""First eight digits of the SHA-256 of published files: their network, and what they are called."""

FILES = "a .safetensors file, or a .pth file of torch"
_REMEDY = (
    "Give the weights of Inception-v3 or VGG-19 as pytorch-fid and torchvision publish them: "
    + ", ".join(name for _, name in PUBLISHED.values())
    + "."
)
_BLOCK = 1 << 24


@dataclass(frozen=True, eq=False)
class NetworkSpace:
    """A space of features as `core.quality.spaces.FeatureSpace`.

    Attributes
    ----------
    network
        `FID`, `INCEPTION` or `VGG`.
    file, sha256
        Name of the weights file, and its hash, 64 digits.
    module
        The network; pictures of shape (n, 3, ``side``, ``side``) in, features of shape (n, d) out.
    side
        Rows and columns that it looks at.
    device
        For torch.
    """

    network: str
    file: str
    sha256: str
    module: nn.Module = field(repr=False)
    side: int
    device: str = "cpu"

    scaled = False

    @property
    def known(self) -> bool:
        """Whether the weights are published ones of this network."""
        return PUBLISHED.get(self.sha256[:8], ("", ""))[0] == self.network

    @property
    def name(self) -> str:
        """The network, and whose weights it has."""
        if not self.known:
            return f"{self.network}, unknown weights (sha256 {self.sha256[:16]}…)"
        return f"{self.network}, weights {PUBLISHED[self.sha256[:8]][1]}"

    @property
    def frechet_name(self) -> str:
        """FID for the weights that it is defined by, and for no other."""
        return "FID" if self.known and self.network == FID else "Fréchet distance"

    @property
    def weights(self) -> Mapping[str, str]:
        """File and hash, for the report."""
        return {"file": self.file, "sha256": self.sha256}

    def features(self, picture: Bools) -> Generator[None, None, Floats]:
        """As `FeatureSpace.features`."""
        import torch

        with torch.inference_mode():
            found = self.module(self.prepared(picture)).double().cpu().numpy()[0]
        yield
        return found  # type: ignore[no-any-return]

    def prepared(self, picture: Bools) -> torch.Tensor:
        """What the network is shown of a picture, shape (Y, X): shape (1, 3, side, side)."""
        import torch

        from core.quality.vgg import DEVIATION, MEAN

        grey = torch.from_numpy(np.ascontiguousarray(picture, dtype=np.float32)).to(self.device)[None, None]
        sized = torch.nn.functional.interpolate(
            grey, (self.side, self.side), mode="bilinear", align_corners=False, antialias=self.network != FID
        )
        colors = sized.expand(1, 3, self.side, self.side)
        if self.network != VGG:
            return 2 * colors - 1
        mean, deviation = (colors.new_tensor(row)[None, :, None, None] for row in (MEAN, DEVIATION))
        return (colors - mean) / deviation


def read_weights(path: Path, device: str = "auto") -> NetworkSpace:
    """The space of the network whose weights are in ``path``; arguments and errors as `reading_weights`."""
    return finish(reading_weights(path, device))


def reading_weights(path: Path, device: str = "auto") -> Job[NetworkSpace]:
    """A job that reads a weights file (see the module's head).

    Parameters
    ----------
    path
        A ``.safetensors`` file, else one that ``torch.save`` wrote.
    device
        As `core.devices.resolve`.

    Raises
    ------
    InputError
        Where the file is missing, no file of arrays, or of another network.
    """
    chosen = resolve(device)
    digest = yield from _hashed(path)
    yield Progress(0, 0, "Reading the weights")
    arrays = _arrays(path)
    network, module, side = _network(arrays, path)
    _fill(module, arrays, path)
    module.eval().requires_grad_(False).to(chosen)
    return NetworkSpace(network, path.name, digest, module, side, chosen)


def _hashed(path: Path) -> Job[str]:
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                yield Progress(file.tell(), size, "Checking the weights file")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", f"Give {FILES}.") from error
    return digest.hexdigest()


def _arrays(path: Path) -> dict[str, torch.Tensor]:
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix.lower() == ".safetensors":
            found: Any = load_file(path)
        else:
            found = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of many kinds, whatever a damaged or hostile file holds; none of it was executed
        raise InputError(f"{path.name} is no file of weights, or it is damaged.", _REMEDY) from error
    if not isinstance(found, dict) or not all(
        isinstance(name, str) and isinstance(array, torch.Tensor) for name, array in found.items()
    ):
        raise InputError(f"{path.name} holds more than the weights of a network.", _REMEDY)
    return found


def _network(arrays: Mapping[str, torch.Tensor], path: Path) -> tuple[str, nn.Module, int]:
    """Which network the arrays are of, and the network, without memory for its weights."""
    import torch

    from core.quality import inception, vgg

    with torch.device("meta"):
        if "Mixed_7c.branch_pool.conv.weight" in arrays:
            # the forms differ in nothing that has weights but the number of classes
            classes = arrays["fc.bias"].numel() if "fc.bias" in arrays else 0
            if classes in (1000, 1008):
                name = FID if classes == 1008 else INCEPTION
                return name, inception.InceptionV3(for_fid=name == FID), inception.SIDE
        elif "features.34.weight" in arrays and "classifier.3.weight" in arrays:
            return VGG, vgg.VGG19(), vgg.SIDE
    raise InputError(f"{path.name} holds the weights of another network.", _REMEDY)


def _fill(module: nn.Module, arrays: Mapping[str, torch.Tensor], path: Path) -> None:
    import torch

    # how often a normalisation was taught is written by some versions of torch alone, and means nothing here
    wanted = {
        name: array.shape for name, array in module.state_dict().items() if not name.endswith("num_batches_tracked")
    }
    wrong = [name for name, shape in wanted.items() if name not in arrays or arrays[name].shape != shape]
    if wrong:
        raise InputError(f"{path.name} lacks {wrong[0]}, or has it in another shape.", _REMEDY)
    given = {name: arrays[name].to(torch.float32) for name in wanted}
    given |= {name: torch.zeros((), dtype=torch.long) for name in module.state_dict() if name not in wanted}
    module.load_state_dict(given, assign=True)
