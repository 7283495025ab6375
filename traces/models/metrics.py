"""Points of OTLP metrics that are kept as series (`gen_ai.*`, GPU gauges)."""

from typing import ClassVar

from django.db import models

from sightglass.accounts.models import Project


class MetricPoint(models.Model):
    project = models.ForeignKey(Project, on_delete=models.CASCADE, db_index=False)
    name = models.TextField()
    unit = models.TextField(blank=True)
    time_ns = models.BigIntegerField()
    series = models.UUIDField()  # hash of name and attributes
    value = models.FloatField()
    attributes = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "name", "series", "time_ns"], name="metric_point_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value}"
