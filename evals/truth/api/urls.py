"""Routes of the truth API."""

from django.urls import URLPattern, URLResolver, path

from evals.truth.api import evaluators, panels

TRUTH = "api/v1/truth"
ONE = f"{TRUTH}/evaluators/<int:pk>"
IMPROVEMENT = f"{TRUTH}/improvements/<int:pk>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(f"{TRUTH}/evaluators", evaluators.TruthList.as_view(), name="api_truth"),
    path(f"{TRUTH}/rates", evaluators.RateList.as_view(), name="api_truth_rates"),
    path(f"{TRUTH}/forget", evaluators.Forget.as_view(), name="api_truth_forget"),
    path(ONE, evaluators.TruthDetail.as_view(), name="api_truth_evaluator"),
    path(f"{ONE}/pairing", evaluators.PairingDetail.as_view(), name="api_truth_pairing"),
    path(f"{ONE}/cases", evaluators.CaseList.as_view(), name="api_truth_cases"),
    path(
        f"{ONE}/calibration", evaluators.CalibrationDetail.as_view(), name="api_truth_calibration"
    ),
    path(f"{ONE}/panel", panels.PanelDetail.as_view(), name="api_truth_panel"),
    path(f"{ONE}/panel/runs", panels.PanelRuns.as_view(), name="api_truth_panel_runs"),
    path(f"{ONE}/panel/accept", panels.PanelAccept.as_view(), name="api_truth_panel_accept"),
    path(f"{ONE}/improvements", panels.ImprovementList.as_view(), name="api_truth_improvements"),
    path(IMPROVEMENT, panels.ImprovementDetail.as_view(), name="api_truth_improvement"),
    path(
        f"{IMPROVEMENT}/adopt",
        panels.ImprovementAdopt.as_view(),
        name="api_truth_improvement_adopt",
    ),
]
