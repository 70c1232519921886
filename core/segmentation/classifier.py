"""A pixel classifier trained on scribbles: a random forest over features of several scales, held as plain arrays.

scikit-learn grows the forest (Breiman, Machine Learning 45, 2001, 5–32). What is kept are its trees as arrays, so that
a classifier goes to a file and comes back without anything in the file being executed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from core.devices import threads
from core.errors import InputError
from core.images.values import MAX_PHASES
from core.job import Job, Progress, finish, reported
from core.segmentation.denoising import Grey
from core.segmentation.features import Block, block_features, feature_names
from core.settings import setting, validate

Floats = npt.NDArray[np.float32]
SIGMAS_2D = (1.0, 2.0, 4.0, 8.0)
SIGMAS_3D = (1.0, 2.0, 4.0)
MAX_SIGMAS = 12
MAX_SIGMA = 100.0
_CHUNK = 1 << 17
_BLOCK = 1 << 22  # pixels whose features are held at once
_LONGEST = 512  # pixels along an edge of a block of a volume


@dataclass(frozen=True)
class TrainingSettings:
    """How the forest is grown."""

    trees: int = setting(24, "Trees", "More are smoother and slower.", minimum=1, maximum=500)
    depth: int = setting(14, "Depth", "Questions from the root of a tree to a leaf.", minimum=1, maximum=40)
    leaf: int = setting(3, "Smallest leaf", "Labelled pixels that a leaf holds at least.", minimum=1, maximum=1000)
    pixels: int = setting(
        20_000, "Labelled pixels", "Of more labelled pixels so many are drawn.", minimum=10, maximum=10_000_000
    )
    seed: int = setting(0, "Seed", "The same seed and scribbles grow the same forest.", minimum=0, maximum=2**31 - 1)


@dataclass(frozen=True, eq=False)
class Classifier:
    """A trained forest.

    Attributes
    ----------
    ndim, sigmas
        Of the pictures (2) or volumes (3) that it is for, and the scales of its features, px.
    roots
        Shape (trees,), int32: the first node of each tree.
    feature, threshold, left, right
        Shape (nodes,); int32, float32, int32, int32. A pixel goes left where its feature is at most the threshold.
        At a leaf left and right are the node itself; else both are later nodes.
    value
        Shape (nodes, phases), float64: shares of the phases at a leaf.
    pixels
        Labelled pixels that it was trained on.
    forest
        scikit-learn's forest where it was grown in this process: it predicts the same numbers several times faster.
        Never goes to a file.
    """

    ndim: int
    sigmas: tuple[float, ...]
    roots: npt.NDArray[np.int32]
    feature: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: npt.NDArray[np.float64]
    pixels: int = 0
    forest: Any = None

    @property
    def phases(self) -> int:
        """Number of phases."""
        return int(self.value.shape[1])

    def facts(self) -> dict[str, Any]:
        """What a provenance tells of it."""
        from core.provenance import array_hash

        return {
            "ndim": self.ndim, "sigmas": list(self.sigmas), "trees": len(self.roots), "pixels": self.pixels,
            "hash": array_hash(self.threshold),
        }  # fmt: skip

    def of_features(self, rows: Floats) -> npt.NDArray[np.float64]:
        """Probabilities of the phases, shape (pixels, phases), from features, shape (pixels, features), float32."""
        out = np.empty((len(rows), self.phases))
        parts = [slice(start, start + _CHUNK) for start in range(0, len(rows), _CHUNK)]

        def fill(part: slice) -> None:
            out[part] = self._shares(rows[part])

        # each pixel by itself: how many are worked on at once changes no bit
        with ThreadPoolExecutor(_workers()) as pool:
            list(pool.map(fill, parts))
        return out

    def _shares(self, rows: Floats) -> npt.NDArray[np.float64]:
        if self.forest is not None:
            found = np.zeros((len(rows), self.phases))
            found[:, self.forest.classes_.astype(int)] = self.forest.predict_proba(rows)
            return found
        columns = np.ascontiguousarray(rows.T)
        total = np.zeros((columns.shape[1], self.phases))
        for root in self.roots.tolist():
            total += self.value.take(self._leaves(columns, root), axis=0)
        return total / len(self.roots)

    def _leaves(self, columns: Floats, root: int) -> npt.NDArray[np.int32]:
        """The leaf of each pixel, from features, shape (features, pixels).

        Each node passes the pixels that reach it to its two sides. A pixel costs as many steps as its own path is
        long, which is much less than the tree's depth for most.
        """
        found = np.empty(columns.shape[1], np.int32)
        waiting = [(root, np.arange(columns.shape[1]))]
        while waiting:
            node, here = waiting.pop()
            if self.left[node] == node:
                found[here] = node
                continue
            left = columns[self.feature[node]].take(here) <= self.threshold[node]
            for side, inside in ((self.left[node], left), (self.right[node], ~left)):
                if len(some := here[inside]):
                    waiting.append((int(side), some))
        return found

    def check_fits(self, grey: Grey) -> None:
        """`InputError` where ``grey`` is a picture and the classifier for volumes, or the other way round."""
        if grey.ndim != self.ndim:
            names = {2: "single pictures", 3: "volumes"}
            raise InputError(f"The classifier was trained for {names[self.ndim]}.", "Train one for this kind.")

    def predict(self, grey: Grey) -> tuple[npt.NDArray[np.uint8], Floats]:
        """Labels 0 … phases − 1 (uint8) and uncertainty (float32), both of the shape of ``grey``.

        A label is the likeliest phase, the lower one in a tie. Uncertainty is 1 less the lead of the likeliest phase
        over the next: 0 where the trees agree, 1 where two phases are equally likely. What is large is worked on in
        blocks, each seen with what its features reach, which changes no bit.
        """
        doubt = np.empty(grey.shape, np.float32)
        return finish(self.labelling(grey, doubt)), doubt

    def labelling(
        self, grey: Grey, doubt: Floats | None = None, rows: slice | None = None
    ) -> Job[npt.NDArray[np.uint8]]:
        """The labels of `predict` as a job; the uncertainty goes into ``doubt``, where it is given.

        Parameters
        ----------
        rows
            Only these along the first axis are wanted (no step): the others are looked at, not labelled.

        Raises
        ------
        InputError
            As `check_fits`.
        """
        self.check_fits(grey)
        first, end, _ = (rows or slice(None)).indices(len(grey))
        labels = np.empty((end - first, *grey.shape[1:]), np.uint8)
        blocks = list(_blocks(labels.shape))
        for number, block in enumerate(blocks):
            here = (slice(block[0].start + first, block[0].stop + first), *block[1:])
            for part, seen in _in_parts((yield from _block_features(grey, here, self.sigmas, number, len(blocks)))):
                yield Progress(number, len(blocks), "Classifying")
                found, unsure = self.of_picture(seen)
                labels[block][part] = found
                if doubt is not None:
                    doubt[block][part] = unsure
        return labels

    def of_picture(self, seen: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
        """As `predict`, from features already at hand (as `features` gives them)."""
        likely = self.of_features(seen.reshape(-1, seen.shape[-1]))
        two = np.sort(likely, axis=1)[:, -2:]
        doubt = (1 - (two[:, 1] - two[:, 0])).astype(np.float32)
        return likely.argmax(axis=1).astype(np.uint8).reshape(seen.shape[:-1]), doubt.reshape(seen.shape[:-1])


@dataclass(frozen=True, eq=False)
class Lesson:
    """What labelled pixels of one picture look like.

    Attributes
    ----------
    rows
        Shape (pixels, features), float32.
    labels
        Shape (pixels,), uint8: their phases, from 0.
    """

    rows: Floats
    labels: npt.NDArray[np.uint8]


def lesson(
    grey: Grey, scribbles: npt.NDArray[np.uint8], settings: TrainingSettings | None = None,
    sigmas: Sequence[float] = (), seen: Floats | None = None,
) -> Lesson:  # fmt: skip
    """What the labelled pixels of a picture teach; parameters and errors as of `train`, which this is a part of."""
    settings = validate(settings or TrainingSettings())
    _check_scribbles(grey, scribbles)
    marked = np.flatnonzero(scribbles)
    if len(marked) > settings.pixels:
        marked = marked[_drawn(len(marked), settings)]
    rows = _features_at(grey, marked, sigmas) if seen is None else seen.reshape(-1, seen.shape[-1])[marked]
    return Lesson(rows, scribbles.reshape(-1)[marked] - np.uint8(1))


def _check_scribbles(grey: Grey, scribbles: npt.NDArray[np.uint8]) -> None:
    if scribbles.shape != grey.shape or scribbles.dtype != np.uint8:
        raise InputError(
            f"The scribbles have shape {scribbles.shape}, {scribbles.dtype}; the picture {grey.shape}.",
            "Labels are 8 bit and of the picture's size: 0 unlabelled, 1 … n the phases.",
        )


def _drawn(count: int, settings: TrainingSettings) -> npt.NDArray[np.int64]:
    """Which of ``count`` labelled pixels are learned from, where these are too many."""
    return np.sort(np.random.default_rng(settings.seed).choice(count, settings.pixels, replace=False))


def train(
    grey: Grey, scribbles: npt.NDArray[np.uint8], settings: TrainingSettings | None = None,
    sigmas: Sequence[float] = (), seen: Floats | None = None, more: Sequence[Lesson] = (),
) -> Classifier:  # fmt: skip
    """A classifier from labelled pixels.

    Parameters
    ----------
    grey
        Shape (Y, X) or (Z, Y, X).
    scribbles
        Same shape, uint8: 0 unlabelled, 1 … n the phases from label 0 on.
    sigmas
        Scales of the features, px; by default those of the kind of picture.
    seen
        `features` of ``grey`` where they are at hand.
    more
        What was labelled in other pictures (`lesson`, with the same scales).

    Raises
    ------
    InputError
        Where the shapes differ, fewer than two phases are labelled, or there are too many.
    """
    settings = validate(settings or TrainingSettings())
    sigmas = tuple(sigmas) or (SIGMAS_2D if grey.ndim == 2 else SIGMAS_3D)
    if len(sigmas) > MAX_SIGMAS or not all(0.1 <= sigma <= MAX_SIGMA for sigma in sigmas):
        raise InputError(f"There are 1 to {MAX_SIGMAS} scales, of 0.1 to {MAX_SIGMA:g} px each.")
    _check_scribbles(grey, scribbles)
    named = np.flatnonzero(np.bincount(scribbles.reshape(-1), minlength=2)[1:])
    labelled = np.unique(np.concatenate([named, *(one.labels for one in more)]))
    if len(labelled) < 2:
        raise InputError("Fewer than two phases are labelled.", "Scribble on two phases at least.")
    phases = int(labelled.max()) + 1
    if phases > MAX_PHASES:
        raise InputError(f"There are {phases} phases; at most {MAX_PHASES} can be told apart.")
    own = lesson(grey, scribbles, settings, sigmas, seen)
    rows, wanted = own.rows, own.labels
    if more:
        rows = np.concatenate([rows, *(one.rows for one in more)])
        wanted = np.concatenate([wanted, *(one.labels for one in more)])
        if len(wanted) > settings.pixels:
            drawn = _drawn(len(wanted), settings)
            rows, wanted = rows[drawn], wanted[drawn]
    return _held(_grown(rows, wanted, settings), phases, grey.ndim, tuple(map(float, sigmas)), len(wanted))


def _blocks(shape: tuple[int, ...]) -> Iterator[Block]:
    """Blocks as cubic as can be, of at most `_BLOCK` pixels each; together the whole.

    Those of a volume are no longer than `_LONGEST`: of thin ones most that is held is what lies around them.
    """
    edges: list[int] = []
    longest = _LONGEST if len(shape) > 2 else _BLOCK
    for length in sorted(shape):  # what a short edge leaves is given to the longer ones
        left = _BLOCK / np.prod(edges, dtype=float)
        edges.append(min(length, longest, max(1, int(left ** (1 / (len(shape) - len(edges))) + 1e-9))))
    widths = dict(zip(np.argsort(shape, kind="stable").tolist(), edges, strict=True))
    starts = (range(0, length, widths[axis]) for axis, length in enumerate(shape))
    for corner in itertools.product(*starts):
        yield tuple(
            slice(start, min(start + widths[axis], length))
            for axis, (start, length) in enumerate(zip(corner, shape, strict=True))
        )


def _block_features(grey: Grey, block: Block, sigmas: Sequence[float], number: int, of: int) -> Job[Floats]:
    """Features of a block; what is told is how far the blocks are."""
    return (yield from reported(block_features(grey, block, sigmas), Progress(number, of, "Classifying")))


def _in_parts(seen: Floats) -> Iterator[tuple[slice, Floats]]:
    """Features of some rows at a time: what a forest answers in a moment."""
    rows = max(1, _CHUNK * _workers() * len(seen) // max(1, int(np.prod(seen.shape[:-1]))))
    for start in range(0, len(seen), rows):
        part = slice(start, start + rows)
        yield part, seen[part]


def _features_at(grey: Grey, marked: npt.NDArray[np.int64], sigmas: Sequence[float]) -> Floats:
    """Features of the pixels at ``marked`` (flat places in rising order); blocks without any are not looked at."""
    rows = np.empty((len(marked), len(feature_names(sigmas, grey.ndim))), np.float32)
    places = np.unravel_index(marked, grey.shape)
    for block in _blocks(grey.shape):
        inside = np.all(
            [(place >= side.start) & (place < side.stop) for place, side in zip(places, block, strict=True)], axis=0
        )
        if inside.any():
            here = [place[inside] for place in places]
            box = tuple(slice(int(place.min()), int(place.max()) + 1) for place in here)
            seen = finish(block_features(grey, box, sigmas))
            rows[inside] = seen[tuple(place - side.start for place, side in zip(here, box, strict=True))]
    return rows


def _grown(rows: Floats, wanted: npt.NDArray[np.uint8], settings: TrainingSettings) -> Any:
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(
        settings.trees, max_depth=settings.depth, min_samples_leaf=settings.leaf, random_state=settings.seed,
        n_jobs=_workers(),
    )  # fmt: skip
    forest.fit(rows, wanted)  # the same trees with any number of threads
    forest.n_jobs = 1  # several would add up the trees' shares in any order
    return forest


def _workers() -> int:
    """Threads to work in: more than a few would wait for the memory."""
    return max(1, min(8, threads()))


def _held(forest: Any, phases: int, ndim: int, sigmas: tuple[float, ...], pixels: int) -> Classifier:
    """A fitted forest of scikit-learn as arrays."""
    roots, columns = [], [[], [], [], [], []]  # type: tuple[list[int], list[list[np.ndarray]]]
    nodes = 0
    for tree in (one.tree_ for one in forest.estimators_):
        roots.append(nodes)
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        value = np.zeros((tree.node_count, phases))
        value[:, forest.classes_.astype(int)] = tree.value[:, 0] / tree.value[:, 0].sum(axis=1, keepdims=True)
        made = (
            np.where(leaf, 0, tree.feature), np.where(leaf, 0, _at_most(tree.threshold)),
            np.where(leaf, own, tree.children_left) + nodes, np.where(leaf, own, tree.children_right) + nodes, value,
        )  # fmt: skip
        for column, array in zip(columns, made, strict=True):
            column.append(array)
        nodes += tree.node_count
    feature, threshold, left, right, values = (np.concatenate(column) for column in columns)
    return Classifier(
        ndim, sigmas, np.array(roots, np.int32), feature.astype(np.int32), threshold.astype(np.float32),
        left.astype(np.int32), right.astype(np.int32), values, pixels, forest,
    )  # fmt: skip


def _at_most(threshold: npt.NDArray[np.float64]) -> Floats:
    """The largest float32 that is at most each threshold: comparing float32 features with it gives the same answer."""
    near = threshold.astype(np.float32)
    return np.where(near > threshold, np.nextafter(near, np.float32(-np.inf)), near)
