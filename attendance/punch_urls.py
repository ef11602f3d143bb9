"""What the page for punching asks, below /punch/."""

from django.urls import path

from attendance import punch_api

app_name = "punching"
urlpatterns = [
    path("state/", punch_api.StateView.as_view(), name="state"),
    path("make/", punch_api.MakeView.as_view(), name="make"),
    path("phone/", punch_api.PhoneView.as_view(), name="phone"),
    path("phone/challenge/", punch_api.ChallengeView.as_view(), name="phone-challenge"),
    path("phone/release/", punch_api.ReleaseView.as_view(), name="phone-release"),
    path("phone/address/", punch_api.PhoneAddressView.as_view(), name="phone-address"),
    path(
        "phone/address/remove/",
        punch_api.PhoneAddressRemovalView.as_view(),
        name="phone-address-remove",
    ),
    path("positioning/", punch_api.PositioningView.as_view(), name="positioning"),
    path("consent/", punch_api.ConsentView.as_view(), name="consent"),
    path("automatic/", punch_api.AutomaticView.as_view(), name="automatic"),
]
