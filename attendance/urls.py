"""The person's own pages, below /me/."""

from django.urls import path

from attendance import views

app_name = "attendance"
urlpatterns = [
    path("", views.my_month, name="my-month"),
    path("data/", views.my_data, name="my-data"),
    path("<str:work_date>/", views.my_day, name="my-day"),
]
