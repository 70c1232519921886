"""The mask's regions: colour, target, share of the volume; after a reconstruction, what was achieved."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from app.widgets.field_view import viridis
from core.masks.regions import Achieved, Region

_HEADERS = ("Target", "Share", "Achieved", "")
_TIPS = (
    "Target fraction of the region", "Share of the volume",
    "Fraction that the volume on show has there, with its 95 % interval", "Whether that meets the target",
)  # fmt: skip


class RegionTable(QTableWidget):
    """Rows by rising target."""

    def __init__(self) -> None:
        super().__init__(0, len(_HEADERS))
        self.setAccessibleName("Regions of the mask")
        self.setHorizontalHeaderLabels(list(_HEADERS))
        for column, tip in enumerate(_TIPS):
            item = self.horizontalHeaderItem(column)
            assert item is not None
            item.setToolTip(tip)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        self.verticalHeader().hide()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setShowGrid(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_rows(self, regions: Sequence[Region], achieved: Sequence[Achieved] = ()) -> None:
        """Show ``regions``, or instead, where there are any, what a volume ``achieved`` in its own mask's regions."""
        rows = [item.region for item in achieved] or list(regions)
        for column in (2, 3):
            self.setColumnHidden(column, not achieved)
        self.setRowCount(len(rows))
        colors = viridis()
        for line, region in enumerate(rows):
            same = region.high - region.low < 0.005
            target = f"{region.target:.2f}" if same else f"{region.low:.2f}–{region.high:.2f}"
            item = QTableWidgetItem(target)
            swatch = QPixmap(12, 12)
            red, green, blue = (int(part) for part in colors[round(255 * min(1.0, region.target))])
            swatch.fill(QColor(red, green, blue))
            item.setIcon(QIcon(swatch))
            item.setToolTip(f"Mean target {region.target:.3f}")
            self.setItem(line, 0, item)
            self.setItem(line, 1, QTableWidgetItem(f"{100 * region.share:.1f} %"))
            if achieved:
                found = achieved[line]
                low, high = found.interval
                half = max(found.fraction - low, high - found.fraction)
                cell = QTableWidgetItem(f"{found.fraction:.3f} ± {half:.3f}")
                cell.setToolTip(f"95 % interval {low:.3f} to {high:.3f}; mean target {region.target:.3f}")
                self.setItem(line, 2, cell)
                self.setItem(line, 3, QTableWidgetItem("✓ met" if found.passed else "✗ missed"))
        self.resizeRowsToContents()
        height = self.horizontalHeader().sizeHint().height() + 4
        self.setFixedHeight(height + sum(self.rowHeight(line) for line in range(len(rows))))
