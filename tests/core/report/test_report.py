"""Reports: what a program, a spreadsheet and a person get."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from core.errors import InputError, JobError, OutputExistsError
from core.images.values import Phase, PhaseImage, Volume, default_phases
from core.job import finish
from core.provenance import Provenance
from core.reconstruction.diffusion.copying import Copying
from core.report import Findings, curves_csv, from_reconstruction, measure, report_json, write_report
from core.report.figures import copying_pictures, scale_bar, section_pictures
from core.report.printing import report_pdf
from core.report.verdict import verdict
from core.report.writing import NAMES, report_html
from core.statistics import compare, discrepancy
from tests.core.reconstruction.test_pipeline import FakeEngine, target

RNG = np.random.default_rng(5)


def noise_image(side: int = 48, size: float | None = 1e-8) -> PhaseImage:
    labels = (RNG.random((side, side)) < 0.4).astype(np.uint8)
    return PhaseImage(labels, default_phases(2), size, "noise <picture>", Provenance("read"))


def noise_volume(share: float = 0.4) -> Volume:
    labels = (RNG.random((24, 26, 28)) < share).astype(np.uint8)
    return Volume(labels, default_phases(2), (1e-8,) * 3, "noise & volume", Provenance("made"))


@pytest.fixture(scope="module")
def compared() -> Findings:
    return finish(measure(noise_volume(), 1, noise_image()))


@pytest.fixture(scope="module")
def reconstructed() -> Findings:
    from core.reconstruction.pipeline import reconstruct

    return from_reconstruction(finish(reconstruct(FakeEngine(), target(), None, preset="only")))


def test_json_has_what_was_promised(reconstructed: Findings) -> None:
    found = json.loads(json.dumps(report_json(reconstructed), allow_nan=False))
    assert set(found["volume_fraction"]) == {"target", "achieved", "before_threshold"}
    assert found["volume_fraction"]["before_threshold"] == 0.25
    assert found["volume_fraction"]["target"] == target().wanted_fraction
    for name in ("s2", "lineal_path"):
        curve = found[name]
        assert {"r", "exemplar", "per_axis", "mean", "epsilon_percent"} <= set(curve)
        assert set(curve["per_axis"]) == {"z", "y", "x"}
        assert np.allclose(np.mean(list(curve["per_axis"].values()), axis=0), curve["mean"])
        assert curve["epsilon_percent"] == pytest.approx(100 * discrepancy(curve["mean"], curve["exemplar"]))
        assert curve["mean"][0] == pytest.approx(found["volume_fraction"]["achieved"])
    assert found["voxel_size_m"] is None
    assert found["seed"] == 3
    assert found["engine"] == "fake"
    assert found["preset"] == "only"
    assert {"train", "generate"} <= set(found["seconds"])
    assert found["device"]
    assert {"microloom", "numpy", "python"} <= set(found["versions"])


def test_json_agrees_with_the_statistics(compared: Findings) -> None:
    assert compared.exemplar is not None
    direct = compare(compared.subject.labels == 1, compared.exemplar.labels == 1)
    found = report_json(compared)
    assert found["s2"]["epsilon_percent"] == pytest.approx(100 * direct.epsilon_s2)
    assert found["lineal_path"]["epsilon_percent_per_axis"]["y"] == pytest.approx(
        100 * direct.epsilon_lineal_path_axes[1]
    )


def test_csv_is_a_table_of_the_same_curves(compared: Findings) -> None:
    rows = list(csv.DictReader(io.StringIO(curves_csv(compared))))
    assert len(rows) == len(compared.curves.lags)
    for index in (0, 3, len(rows) - 1):
        assert float(rows[index]["r_px"]) == index
        assert float(rows[index]["r_m"]) == pytest.approx(index * 1e-8)
        assert float(rows[index]["s2_y"]) == pytest.approx(compared.curves.s2[1, index], rel=1e-6)
        assert float(rows[index]["lineal_path_mean"]) == pytest.approx(
            compared.curves.lineal_path_mean[index], rel=1e-6, abs=1e-12
        )
    assert float(rows[2]["s2_band_low"]) <= float(rows[2]["s2_exemplar"]) <= float(rows[2]["s2_band_high"])


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attributes:
            if name in ("src", "href", "xlink:href") and value and not value.startswith(("data:", "#")):
                self.outside.append(value)


def test_page_stands_alone_and_escapes_names(compared: Findings) -> None:
    page = report_html(compared)
    links = _Links()
    links.feed(page)
    assert links.outside == []
    assert not re.search(r"@import|url\((?!#)", page)
    assert "script" not in links.tags
    assert "noise &amp; volume" in page
    assert "<picture>" not in page
    assert links.tags.count("svg") == 2
    assert links.tags.count("img") == 4
    assert verdict(compared).sentence in page.replace("&#39;", "'")


def test_figures_follow_the_page_and_share_no_names(compared: Findings) -> None:
    figures = re.findall(r"<svg.*?</svg>", report_html(compared), re.DOTALL)
    names = []
    for figure in figures:
        ElementTree.fromstring(figure)  # well-formed
        assert "var(--ink)" in figure
        assert not re.search("#0[1-9]0[1-9]0[1-9]", figure)
        names.append(set(re.findall(r'id="([mp][0-9a-f]{10})"', figure)))
    assert names[0]
    assert not names[0] & names[1]


def test_sections_are_the_volumes_own(compared: Findings) -> None:
    import base64

    from PIL import Image

    pictures = section_pictures(compared)
    assert [picture.caption.split(",")[0] for picture in pictures[1:]] == [f"Section across {axis}" for axis in "zyx"]
    for axis, picture in enumerate(pictures[1:]):
        data = base64.b64decode(picture.address.partition(",")[2])
        shown = np.asarray(Image.open(io.BytesIO(data)))
        middle = compared.subject.labels.shape[axis] // 2
        assert np.array_equal(shown, np.take(compared.subject.labels, middle, axis=axis))
    # no more of the exemplar than the largest side of the volume, so that one scale holds for all
    assert (pictures[0].width, pictures[0].height) == (28, 28)


def test_scale_bar_is_a_round_length(compared: Findings) -> None:
    assert scale_bar(compared) == (5, "50 nm")  # a quarter of 28 px of 10 nm is 70 nm


def test_without_an_exemplar() -> None:
    for subject in (noise_volume(), noise_image(size=None)):
        found = finish(measure(subject, 1))
        plain = report_json(found)
        assert plain["s2"]["exemplar"] is None
        assert plain["s2"]["epsilon_percent"] is None
        assert plain["volume_fraction"]["target"] is None
        assert f"{100 * subject.fractions[1]:.2f} %" in verdict(found).sentence
        assert "<svg" in report_html(found)


def test_verdict_tells_good_from_bad() -> None:
    exemplar = noise_image(96)
    same = finish(measure(exemplar, 1, exemplar))
    assert verdict(same).grade == "good"
    assert same.comparison is not None
    assert same.comparison.epsilon_s2 == 0
    other = finish(measure(noise_volume(0.8), 1, exemplar))
    assert verdict(other).grade == "poor"
    assert "outside the scatter" in verdict(other).sentence


def test_what_cannot_be_measured() -> None:
    with pytest.raises(InputError, match="has no phase 5"):
        finish(measure(noise_volume(), 5))
    empty = Volume(np.zeros((8, 8, 8), np.uint8), (*default_phases(1), Phase("Pore", "#000000")), None, "v",
                   Provenance("x"))  # fmt: skip
    with pytest.raises(InputError, match="does not occur"):
        finish(measure(empty, 1))
    thin = Volume(np.eye(3, dtype=np.uint8)[None], default_phases(2), None, "v", Provenance("x"))
    with pytest.raises(InputError, match="too small"):
        finish(measure(thin, 1))


def test_files_are_written_together_or_not_at_all(compared: Findings, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "report"
    write_report(compared, folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted(NAMES)
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["phase"] == 1
    (folder / "report.html").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExistsError, match="--force"):
        write_report(compared, folder)
    assert (folder / "report.html").read_text(encoding="utf-8") == "mine"
    write_report(compared, folder, overwrite=True)
    assert (folder / "report.html").read_text(encoding="utf-8") != "mine"
    with pytest.raises(JobError, match="is a file"):
        write_report(compared, folder / "report.html")


def test_the_sample_nearest_to_the_training_data_is_shown(reconstructed: Findings) -> None:
    assert "Beside the training data" not in report_html(reconstructed)
    assert report_json(reconstructed)["copying"] is None
    sample, nearest = np.eye(8, dtype=np.uint8), np.zeros((8, 8), np.uint8)
    found = replace(reconstructed, copying=Copying("Twelve per cent differ: no copy.", sample, nearest))
    page = report_html(found)
    assert "Twelve per cent differ" in page and "Nearest part of the training data" in page
    assert [picture.width for picture in copying_pictures(found)] == [8, 8]
    assert report_json(found)["copying"] == "Twelve per cent differ: no copy."
    assert report_pdf(found).startswith(b"%PDF")
    # words alone where there are no pictures
    assert not copying_pictures(replace(found, copying=Copying("Words.")))
