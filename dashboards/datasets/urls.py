"""Routes of datasets."""

from django.urls import URLPattern, URLResolver, path

from dashboards.datasets import adding, detail, erasing, importing, items, listing, versions

DATASETS = "p/<slug:project>/datasets"
DATASET = f"{DATASETS}/<slug:dataset>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(DATASETS, listing.datasets, name="datasets"),
    path(f"{DATASETS}/new", listing.new, name="dataset_new"),
    path(f"{DATASETS}/add", adding.add, name="dataset_add"),
    path(f"{DATASETS}/erase", erasing.erase, name="datasets_erase"),
    path(DATASET, detail.dataset, name="dataset"),
    path(f"{DATASET}/settings", listing.settings, name="dataset_settings"),
    path(f"{DATASET}/change", detail.change, name="dataset_change"),
    path(f"{DATASET}/export", detail.export, name="dataset_export"),
    path(f"{DATASET}/versions", versions.versions, name="dataset_versions"),
    path(f"{DATASET}/tag", versions.tag, name="dataset_tag"),
    path(f"{DATASET}/diff", versions.diff, name="dataset_diff"),
    path(f"{DATASET}/queue", adding.from_queue, name="dataset_from_queue"),
    path(f"{DATASET}/import", importing.upload, name="dataset_upload"),
    path(f"{DATASET}/import/<int:pk>", importing.mapped, name="dataset_import"),
    path(f"{DATASET}/items/new", items.new, name="dataset_item_new"),
    path(f"{DATASET}/items/<int:pk>", items.item, name="dataset_item"),
    path(f"{DATASET}/items/<int:pk>/edit", items.edit, name="dataset_item_edit"),
    path(f"{DATASET}/items/<int:pk>/drop", items.drop, name="dataset_item_drop"),
]
