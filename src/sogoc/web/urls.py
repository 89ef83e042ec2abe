"""The pages. Paths are Vietnamese words; the files of the log lie as their specification says."""

from django.urls import URLPattern, path

from sogoc.web import views

urlpatterns: list[URLPattern] = [
    path("", views.start, name="start"),
    path("xac-thuc", views.verify, name="verify"),
    path("tra-cuu", views.look_up, name="look_up"),
    path("log/<path:name>", views.log_file, name="log_file"),
    path("healthz", views.healthz),
    path("readyz", views.readyz),
]
