from django.apps import AppConfig


class RegisterConfig(AppConfig):
    """The Django application that owns every table of the archive."""

    name = "sogoc.register"
    label = "register"
    verbose_name = "Sổ gốc"
    default_auto_field = "django.db.models.BigAutoField"
