"""Quality of generated sets: how many pictures compare with many, pictures being indicators of one phase."""

from core.quality.comparing import Quality, comparing_sets
from core.quality.copying import Nearest, nearest
from core.quality.distances import frechet_distance, frechet_of_gaussians, kernel_distance
from core.quality.grains import GrainSizes, grain_sizes, largest_difference
from core.quality.manifolds import PrecisionRecall, precision_recall
from core.quality.pictures import PictureSet, common_side, picture_set
from core.quality.pretrained import NetworkSpace, read_weights, reading_weights
from core.quality.similarity import Similarity, similarity
from core.quality.spaces import DescriptorSpace, FeatureSpace, standardised

__all__ = [
    "DescriptorSpace",
    "FeatureSpace",
    "GrainSizes",
    "Nearest",
    "NetworkSpace",
    "PictureSet",
    "PrecisionRecall",
    "Quality",
    "Similarity",
    "common_side",
    "comparing_sets",
    "frechet_distance",
    "frechet_of_gaussians",
    "grain_sizes",
    "kernel_distance",
    "largest_difference",
    "nearest",
    "picture_set",
    "precision_recall",
    "read_weights",
    "reading_weights",
    "similarity",
    "standardised",
]
