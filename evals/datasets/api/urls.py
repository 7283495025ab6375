"""Routes of the API of datasets."""

from django.urls import URLPattern, URLResolver, path

from evals.datasets.api import datasets, items

DATASETS = "api/v1/datasets"
DATASET = f"{DATASETS}/<slug:dataset>"
urlpatterns: list[URLPattern | URLResolver] = [
    path(DATASETS, datasets.DatasetList.as_view(), name="api_datasets"),
    path(f"{DATASETS}/erase", datasets.Erasure.as_view(), name="api_datasets_erase"),
    path(DATASET, datasets.DatasetDetail.as_view(), name="api_dataset"),
    path(f"{DATASET}/versions", datasets.VersionList.as_view(), name="api_dataset_versions"),
    path(f"{DATASET}/log", datasets.LogList.as_view(), name="api_dataset_log"),
    path(f"{DATASET}/tags", datasets.TagList.as_view(), name="api_dataset_tags"),
    path(f"{DATASET}/tags/<str:name>", datasets.TagDetail.as_view(), name="api_dataset_tag"),
    path(f"{DATASET}/items", items.ItemList.as_view(), name="api_dataset_items"),
    path(f"{DATASET}/items/check", items.Check.as_view(), name="api_dataset_check"),
    path(f"{DATASET}/items/remove", items.Removal.as_view(), name="api_dataset_remove"),
    path(
        f"{DATASET}/items/<int:number>/erase",
        items.ItemErasure.as_view(),
        name="api_dataset_item_erase",
    ),
    path(f"{DATASET}/items/<int:number>", items.ItemDetail.as_view(), name="api_dataset_item"),
    path(f"{DATASET}/from-traces", items.FromTraces.as_view(), name="api_dataset_from_traces"),
    path(f"{DATASET}/from-queue", items.FromQueue.as_view(), name="api_dataset_from_queue"),
    path(f"{DATASET}/diff", items.Diff.as_view(), name="api_dataset_diff"),
    path(f"{DATASET}/export", items.Export.as_view(), name="api_dataset_export"),
]
