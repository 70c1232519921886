"""VGG-19 in plain torch, up to its second full layer, whose 4096 values are the features.

The network is configuration E of Simonyan and Zisserman, *Very Deep Convolutional Networks for Large-Scale Image
Recognition*, ICLR 2015; the layer is that of Kynkäänniemi et al. (NeurIPS 2019), after what is below 0 is cut off.
Names of the parameters are those of torchvision's file.
"""

from __future__ import annotations

import torch
from torch import nn

FEATURES = 4096
SIDE = 224
"""Rows and columns of a picture that the network looks at."""
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the pictures that it learnt from, for each colour, values 0 to 1."""
_BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Channels, and how many convolutions have them, between two halvings."""


class VGG19(nn.Module):
    """The network without its classes."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 3
        for out, count in _BLOCKS:
            for _ in range(count):
                layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU()]
                channels = out
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        # the third layer drops values while learning, and has no weights
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, FEATURES), nn.ReLU(), nn.Identity(), nn.Linear(FEATURES, FEATURES), nn.ReLU()
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Features, shape (n, 4096), of pictures, shape (n, 3, 224, 224), scaled by `MEAN` and `DEVIATION`."""
        return self.classifier(self.features(pictures).flatten(1))  # type: ignore[no-any-return]
