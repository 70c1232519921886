"""Inception-v3 in plain torch, up to its 2048 averaged features, in both forms whose weights are published.

The network is that of Szegedy et al., *Rethinking the Inception Architecture for Computer Vision*, CVPR 2016. The form
that FID is defined by (Heusel et al., NeurIPS 2017; 1008 classes) leaves the padding out of its averages and takes, in
the last block, a maximum instead of one; torchvision's form (1000 classes) does neither. Names of the parameters are
those of torchvision's files and of pytorch-fid's, so that either file is read as it is.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import nn
from torch.nn import functional

FEATURES = 2048
SIDE = 299
"""Rows and columns of a picture that the network looks at."""

Pool = Literal["average", "average of what is there", "maximum"]
_Size = int | tuple[int, int]


class _Convolution(nn.Module):
    """Convolution, normalisation as it was learnt, and what is above 0."""

    def __init__(self, channels: int, out: int, size: _Size, stride: int = 1, padding: _Size = 0) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, out, size, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """Shape (n, channels, Y, X) to (n, out, Y', X')."""
        found: torch.Tensor = self.bn(self.conv(picture))
        return functional.relu(found)


class _Block(nn.Module):
    """Branches beside each other, whose channels are joined; the last of them looks at the 3 × 3 neighbours first."""

    def __init__(self, pool: Pool) -> None:
        super().__init__()
        self.pool = pool

    def pooled(self, picture: torch.Tensor) -> torch.Tensor:
        """The neighbours' average or maximum, as large as the picture."""
        if self.pool == "maximum":
            return functional.max_pool2d(picture, 3, 1, 1)
        return functional.avg_pool2d(picture, 3, 1, 1, count_include_pad=self.pool == "average")


class _A(_Block):
    def __init__(self, channels: int, pooled: int, pool: Pool) -> None:
        super().__init__(pool)
        self.branch1x1 = _Convolution(channels, 64, 1)
        self.branch5x5_1 = _Convolution(channels, 48, 1)
        self.branch5x5_2 = _Convolution(48, 64, 5, padding=2)
        self.branch3x3dbl_1 = _Convolution(channels, 64, 1)
        self.branch3x3dbl_2 = _Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Convolution(96, 96, 3, padding=1)
        self.branch_pool = _Convolution(channels, pooled, 1)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        five = self.branch5x5_2(self.branch5x5_1(picture))
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(picture)))
        return torch.cat([self.branch1x1(picture), five, three, self.branch_pool(self.pooled(picture))], 1)


class _B(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3 = _Convolution(channels, 384, 3, stride=2)
        self.branch3x3dbl_1 = _Convolution(channels, 64, 1)
        self.branch3x3dbl_2 = _Convolution(64, 96, 3, padding=1)
        self.branch3x3dbl_3 = _Convolution(96, 96, 3, stride=2)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        three = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(picture)))
        return torch.cat([self.branch3x3(picture), three, functional.max_pool2d(picture, 3, 2)], 1)


class _C(_Block):
    def __init__(self, channels: int, between: int, pool: Pool) -> None:
        super().__init__(pool)
        self.branch1x1 = _Convolution(channels, 192, 1)
        self.branch7x7_1 = _Convolution(channels, between, 1)
        self.branch7x7_2 = _Convolution(between, between, (1, 7), padding=(0, 3))
        self.branch7x7_3 = _Convolution(between, 192, (7, 1), padding=(3, 0))
        self.branch7x7dbl_1 = _Convolution(channels, between, 1)
        self.branch7x7dbl_2 = _Convolution(between, between, (7, 1), padding=(3, 0))
        self.branch7x7dbl_3 = _Convolution(between, between, (1, 7), padding=(0, 3))
        self.branch7x7dbl_4 = _Convolution(between, between, (7, 1), padding=(3, 0))
        self.branch7x7dbl_5 = _Convolution(between, 192, (1, 7), padding=(0, 3))
        self.branch_pool = _Convolution(channels, 192, 1)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7_3(self.branch7x7_2(self.branch7x7_1(picture)))
        double = self.branch7x7dbl_3(self.branch7x7dbl_2(self.branch7x7dbl_1(picture)))
        double = self.branch7x7dbl_5(self.branch7x7dbl_4(double))
        return torch.cat([self.branch1x1(picture), seven, double, self.branch_pool(self.pooled(picture))], 1)


class _D(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch3x3_1 = _Convolution(channels, 192, 1)
        self.branch3x3_2 = _Convolution(192, 320, 3, stride=2)
        self.branch7x7x3_1 = _Convolution(channels, 192, 1)
        self.branch7x7x3_2 = _Convolution(192, 192, (1, 7), padding=(0, 3))
        self.branch7x7x3_3 = _Convolution(192, 192, (7, 1), padding=(3, 0))
        self.branch7x7x3_4 = _Convolution(192, 192, 3, stride=2)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        seven = self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(picture)))
        three = self.branch3x3_2(self.branch3x3_1(picture))
        return torch.cat([three, self.branch7x7x3_4(seven), functional.max_pool2d(picture, 3, 2)], 1)


class _E(_Block):
    def __init__(self, channels: int, pool: Pool) -> None:
        super().__init__(pool)
        self.branch1x1 = _Convolution(channels, 320, 1)
        self.branch3x3_1 = _Convolution(channels, 384, 1)
        self.branch3x3_2a = _Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3_2b = _Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch3x3dbl_1 = _Convolution(channels, 448, 1)
        self.branch3x3dbl_2 = _Convolution(448, 384, 3, padding=1)
        self.branch3x3dbl_3a = _Convolution(384, 384, (1, 3), padding=(0, 1))
        self.branch3x3dbl_3b = _Convolution(384, 384, (3, 1), padding=(1, 0))
        self.branch_pool = _Convolution(channels, 192, 1)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        three = self.branch3x3_1(picture)
        double = self.branch3x3dbl_2(self.branch3x3dbl_1(picture))
        found = [self.branch1x1(picture), self.branch3x3_2a(three), self.branch3x3_2b(three)]
        found += [self.branch3x3dbl_3a(double), self.branch3x3dbl_3b(double)]
        return torch.cat([*found, self.branch_pool(self.pooled(picture))], 1)


class InceptionV3(nn.Module):
    """The network without its classes.

    Parameters
    ----------
    for_fid
        Whether in the form that FID is defined by, else torchvision's.
    """

    def __init__(self, for_fid: bool) -> None:
        super().__init__()
        usual: Pool = "average of what is there" if for_fid else "average"
        last: Pool = "maximum" if for_fid else "average"
        self.Conv2d_1a_3x3 = _Convolution(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = _Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = _Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = _Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = _Convolution(80, 192, 3)
        self.Mixed_5b = _A(192, 32, usual)
        self.Mixed_5c = _A(256, 64, usual)
        self.Mixed_5d = _A(288, 64, usual)
        self.Mixed_6a = _B(288)
        self.Mixed_6b = _C(768, 128, usual)
        self.Mixed_6c = _C(768, 160, usual)
        self.Mixed_6d = _C(768, 160, usual)
        self.Mixed_6e = _C(768, 192, usual)
        self.Mixed_7a = _D(768)
        self.Mixed_7b = _E(1280, usual)
        self.Mixed_7c = _E(2048, last)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Features, shape (n, 2048), of pictures, shape (n, 3, 299, 299), values −1 to 1."""
        found = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(pictures)))
        found = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(functional.max_pool2d(found, 3, 2)))
        found = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(functional.max_pool2d(found, 3, 2))))
        found = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(found)))))
        last: torch.Tensor = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(found)))
        return last.mean(dim=(2, 3))
