"""Asking and deciding on a phone, below /me/."""

from django.urls import path

from approvals import notification_views, views

app_name = "approvals"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("requests/", views.my_requests, name="my-requests"),
    path("requests/make-up/", views.ask_make_up, name="ask-make-up"),
    path("requests/appeal/", views.ask_appeal, name="ask-appeal"),
    path("requests/absence/", views.ask_absence, name="ask-absence"),
    path("requests/overtime/", views.ask_overtime, name="ask-overtime"),
    path("notifications/", notification_views.my_notifications, name="notifications"),
    path(
        "notifications/settings/",
        notification_views.my_settings,
        name="notification-settings",
    ),
    path("requests/<int:request_id>/", views.request_page, name="request"),
    path("requests/<int:request_id>/photo/", views.request_photo, name="request-photo"),
]
