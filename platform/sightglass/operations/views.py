"""What is asked by those who run the installation: health, readiness, metrics."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from sightglass.operations import metrics
from sightglass.operations.readiness import Readiness

readiness = Readiness()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 as soon as the process answers."""
    return HttpResponse("ok\n", content_type="text/plain", headers={"Cache-Control": "no-store"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when everything is usable, else 503 with what is missing."""
    missing = readiness.ask()
    return JsonResponse(
        {"ready": not missing, "missing": missing},
        status=503 if missing else 200,
        headers={"Cache-Control": "no-store"},
    )


@require_safe
def metrics_text(request: HttpRequest) -> HttpResponse:
    """Prometheus text, for whom `may_scrape` lets."""
    if not metrics.may_scrape(request):
        return HttpResponse(
            "Metrics are for this machine only, or for who sends SIGHTGLASS_METRICS_TOKEN.\n",
            status=403,
            content_type="text/plain",
        )
    return HttpResponse(metrics.render(readiness), content_type=CONTENT_TYPE_LATEST)
