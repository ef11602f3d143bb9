"""The person's own pages, below /me/."""

from django.urls import path

from attendance import claim_views, views

app_name = "attendance"
urlpatterns = [
    path("", views.my_month, name="my-month"),
    path("claims/", claim_views.my_claims, name="my-claims"),
    path("data/", views.my_data, name="my-data"),
    path("punches/", views.my_punches, name="my-punches"),
    path("<str:work_date>/", views.my_day, name="my-day"),
]
