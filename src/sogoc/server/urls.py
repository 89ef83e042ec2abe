"""The URL table of the whole product."""

from django.urls import include, path

urlpatterns = [path("", include("sogoc.web.urls"))]

handler400 = "sogoc.web.views.bad_request"
handler404 = "sogoc.web.views.not_found"
handler500 = "sogoc.web.views.server_error"
