"""What was found, on paper: JSON, CSV, a self-contained page, a PDF, and the methods for a paper."""

from core.report.findings import Findings, from_reconstruction, measure
from core.report.writing import curves_csv, report_json, write_curves, write_report

__all__ = ["Findings", "curves_csv", "from_reconstruction", "measure", "report_json", "write_curves", "write_report"]
