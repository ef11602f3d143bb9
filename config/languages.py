"""Which language a page speaks: the one switched to, else the person's own, else the browser's."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation


class OwnLanguage:
    """Middleware behind LocaleMiddleware: the language kept with the log-in beats the browser's.

    The switch in the console sets a cookie, which beats both.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Speak the language that the person keeps, unless another one was switched to."""
        if settings.LANGUAGE_COOKIE_NAME in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        if kept := request.user.language:
            translation.activate(kept)
            request.LANGUAGE_CODE = translation.get_language() or settings.LANGUAGE_CODE
        return self.get_response(request)
