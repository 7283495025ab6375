"""Routes of agreement."""

from django.urls import URLPattern, URLResolver, path

from dashboards.truth import calibrating, cases, detail, improving, listing, panel

TRUTH = "p/<slug:project>/agreement"
ONE = f"{TRUTH}/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(TRUTH, listing.truth, name="truth"),
    path(ONE, detail.evaluator, name="truth_evaluator"),
    path(f"{ONE}/pairing", detail.pair, name="truth_pairing"),
    path(f"{ONE}/cases", cases.cases, name="truth_cases"),
    path(f"{ONE}/panel", panel.panel, name="truth_panel"),
    path(f"{ONE}/panel/change", panel.change, name="truth_panel_change"),
    path(f"{ONE}/panel/alert", panel.alert, name="truth_panel_alert"),
    path(f"{ONE}/calibration", calibrating.calibration, name="truth_calibration"),
    path(f"{ONE}/calibration/change", calibrating.change, name="truth_calibration_change"),
    path(f"{ONE}/improve", improving.improve, name="truth_improve"),
    path(f"{ONE}/improve/propose", improving.propose, name="truth_propose"),
    path(f"{ONE}/improve/<int:improvement>", improving.improvement, name="truth_improvement"),
    path(
        f"{ONE}/improve/<int:improvement>/change",
        improving.change,
        name="truth_improvement_change",
    ),
]
