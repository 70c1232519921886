"""The report as a PDF of A4 pages: verdict, sections, curves, tables, methods and settings; text stays text."""

from __future__ import annotations

import base64
import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

from core.report.figures import PAPER, Drawing, Picture, framed

_WIDTH, _HEIGHT, _MARGIN = 8.27, 11.69, 0.75
"""Of a page, and of its margin, in inches."""
_LETTER = 0.52
"""Mean width of a letter over the size of the type."""
_LEADING = 1.35


class Pages:
    """Fills pages from the top; what does not fit any more begins the next one."""

    def __init__(self, title: str) -> None:
        from matplotlib.backends.backend_pdf import PdfPages

        self._out = io.BytesIO()
        # no date, so that the same findings give the same file
        self._book = PdfPages(self._out, metadata={"Title": title, "Creator": "Microloom", "CreationDate": None})
        self._figure: Any = None
        self._at = 0.0
        self._number = 0

    def finish(self) -> bytes:
        """The file."""
        self._close()
        self._book.close()
        return self._out.getvalue()

    def heading(self, text: str, size: float = 12) -> None:
        """A heading, never alone at the foot of a page."""
        self._room(size / 72 * 2 + 0.8)
        self._at += size / 72 * 0.9
        self._line(text, size, weight="bold")
        self._at += 0.06

    def paragraph(self, text: str, size: float = 9.5, color: str = PAPER.ink) -> None:
        """Words, wrapped."""
        for line in self._wrapped(text, _WIDTH - 2 * _MARGIN, size):
            self._line(line, size, color=color)
        self._at += 0.08

    def table(
        self, rows: Sequence[Sequence[str]], widths: Sequence[float], head: bool = False, size: float = 8.5
    ) -> None:
        """Rows of texts in columns whose ``widths`` are shares of the page; ``head``: the first is bold."""
        full = _WIDTH - 2 * _MARGIN
        for number, row in enumerate(rows):
            cells = [self._wrapped(text, share * full - 0.08, size) for text, share in zip(row, widths, strict=True)]
            step = size / 72 * _LEADING
            height = step * max(1, *(len(cell) for cell in cells)) + 0.04
            self._room(height)
            left = _MARGIN
            for cell, share in zip(cells, widths, strict=True):
                for down, line in enumerate(cell):
                    weight = "bold" if head and not number else "normal"
                    self._text(left, self._at + down * step, line, size, weight=weight)
                left += share * full
            self._at += height
            self._rule()
        self._at += 0.12

    def methods(self, paragraphs: Sequence[str], bibtex: str) -> None:
        """The words for a paper, and the entries of the works that they cite."""
        self.heading("Methods")
        for text in paragraphs:
            self.paragraph(text)
        self.heading("References")
        for entry in bibtex.split("\n\n"):
            self.paragraph(entry.strip(), 7)

    def pictures(self, pictures: Sequence[Picture], bar: tuple[int, str] | None, columns: int = 1) -> None:
        """Sections at one scale, side by side, with captions; ``bar``: length in pixels and text of a scale bar.

        There is room for ``columns`` at least.
        """
        gap, full = 0.15, _WIDTH - 2 * _MARGIN
        count = max(columns, len(pictures))
        widest = max(picture.width for picture in pictures)
        each = (full - gap * (count - 1)) / count
        tallest = max(each * picture.height / widest for picture in pictures)
        self._room(tallest + 0.55)
        for place, picture in enumerate(pictures):
            left = _MARGIN + place * (each + gap)
            width, height = each * picture.width / widest, each * picture.height / widest
            axes = self._axes(left, self._at, width, height)
            axes.imshow(colors_of(picture), interpolation="nearest", aspect="auto")
            axes.set_axis_off()
            for down, line in enumerate(self._wrapped(picture.caption, each, 7.5)):
                self._text(left, self._at + tallest + 0.05 + 0.13 * down, line, 7.5, color="#56606a")
        self._at += tallest + 0.38
        if bar is not None:
            self._room(0.3)
            length = each * bar[0] / widest
            axes = self._axes(_MARGIN, self._at, length, 0.04)
            axes.set_facecolor(PAPER.ink)
            axes.set_xticks([])
            axes.set_yticks([])
            self._text(_MARGIN + length + 0.08, self._at - 0.05, bar[1], 7.5)
            self._at += 0.2

    def drawings(self, drawings: Sequence[Drawing]) -> None:
        """Figures, two side by side."""
        full, gap = _WIDTH - 2 * _MARGIN, 0.35
        width, height = (full - gap) / 2, 2.3
        for start in range(0, len(drawings), 2):
            self._room(height + 0.85)
            for place, (title, draw, _name, _said) in enumerate(drawings[start : start + 2]):
                left = _MARGIN + place * (width + gap)
                self._text(left, self._at, title, 8.5, weight="bold")
                axes = self._axes(left + 0.45, self._at + 0.58, width - 0.5, height - 0.5)
                draw(axes, PAPER)
                framed(axes, PAPER)
            self._at += height + 0.72

    # --- one page ------------------------------------------------------------------------------------------------

    def _room(self, height: float) -> None:
        """Begin another page where ``height`` inches are not left."""
        if self._figure is None or self._at + height > _HEIGHT - _MARGIN:
            from matplotlib.backends.backend_pdf import FigureCanvasPdf
            from matplotlib.figure import Figure

            self._close()
            self._figure = Figure(figsize=(_WIDTH, _HEIGHT))
            FigureCanvasPdf(self._figure)
            self._at = _MARGIN
            self._number += 1

    def _close(self) -> None:
        if self._figure is not None:
            self._text(_WIDTH - _MARGIN, _HEIGHT - 0.45, str(self._number), 8, color="#56606a")
            self._book.savefig(self._figure)
            self._figure = None

    def _line(self, text: str, size: float, **style: Any) -> None:
        self._room(size / 72 * _LEADING)
        self._text(_MARGIN, self._at, text, size, **style)
        self._at += size / 72 * _LEADING

    def _text(self, left: float, top: float, text: str, size: float, **style: Any) -> None:
        place = (left / _WIDTH, 1 - top / _HEIGHT)
        # a dollar sign would begin a formula
        shown = {"color": PAPER.ink, **style}
        self._figure.text(*place, text, fontsize=size, va="top", parse_math=False, **shown)

    def _axes(self, left: float, top: float, width: float, height: float) -> Any:
        box = (left / _WIDTH, 1 - (top + height) / _HEIGHT, width / _WIDTH, height / _HEIGHT)
        return self._figure.add_axes(box)

    def _rule(self) -> None:
        from matplotlib.lines import Line2D

        y = 1 - (self._at - 0.015) / _HEIGHT
        ends = [_MARGIN / _WIDTH, 1 - _MARGIN / _WIDTH]
        self._figure.add_artist(
            Line2D(ends, [y, y], color=PAPER.soft, linewidth=0.5, transform=self._figure.transFigure)
        )

    @staticmethod
    def _wrapped(text: str, width: float, size: float) -> list[str]:
        """Lines of at most ``width`` inches, as far as letters of a mean width tell."""
        letters = max(8, int(width * 72 / (size * _LETTER)))
        return [line for part in text.split("\n") for line in (textwrap.wrap(part, letters) or [""])]


def colors_of(picture: Picture) -> np.ndarray:
    """Red, green and blue of a picture, shape (Y, X, 3), uint8."""
    from PIL import Image

    data = base64.b64decode(picture.address.partition(",")[2])
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB"))
