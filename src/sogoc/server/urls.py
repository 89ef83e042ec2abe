"""The URL table of the whole product."""

from django.urls import include, path

urlpatterns = [path("", include("sogoc.web.urls"))]
