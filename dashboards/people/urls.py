"""Routes of a person's own pages."""

from django.urls import URLPattern, URLResolver, path

from dashboards.people import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("profile", views.profile, name="profile"),
    path("profile/sign-out-everywhere", views.sign_out_everywhere, name="sign_out_everywhere"),
    path("projects/new", views.new_project, name="new_project"),
    path("projects/<slug:slug>/restore", views.restore_project, name="restore_project"),
    path("audit", views.installation_audit, name="installation_audit"),
    path("invitations/<str:token>", views.invitation, name="invitation"),
]
