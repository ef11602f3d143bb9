"""The person's own pages, below /me/."""

from django.urls import path

from attendance import views

app_name = "attendance"
urlpatterns = [
    path("", views.my_month, name="my-month"),
    path("<str:work_date>/", views.my_day, name="my-day"),
]
