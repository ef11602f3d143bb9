"""The sentences of the punch page, which its script shows under these names."""

from __future__ import annotations

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

WORDS: Final[dict[str, str | Promise]] = {
    # The button.
    "one_moment": _("One moment…"),
    "sending": _("Sending…"),
    "punch_in": _("Punch in"),
    "punch_out": _("Punch out"),
    "punch_out_again": _("Punch out again"),
    "punch": pgettext_lazy("button", "Punch"),
    "set_up_phone": _("Set up this phone"),
    "allow_location": _("Allow location"),
    "finding": _("Finding your position…"),
    "scan_code": _("Scan the code"),
    "type_address": _("Type the address"),
    "take_photo": _("Take a photo"),
    "location_denied": _("No position"),
    "wifi_needs_app": _("Open in the app"),
    "no_methods": _("Not by phone"),
    "no_network": _("No network"),
    "no_notice": _("No position"),
    # Ways to punch.
    "method_location": _("Location"),
    "method_wifi": _("Wi-Fi"),
    "method_qr": _("QR code"),
    "method_manual": pgettext_lazy("way to punch", "Address"),
    "no_methods_text": _("Your rule knows no punching by phone. Use a terminal, or ask HR."),
    # The day.
    "next": pgettext_lazy("punch", "Next"),
    "day_link": _("Today: %(status)s. Why?"),
    "was_offline": _("made without a network"),
    "plan_needs_network": _("Today's plan comes with the network."),
    # Places.
    "metres": _("%(metres)s m"),
    "kilometres": _("%(kilometres)s km"),
    "accuracy": _("Accurate to %(metres)s m."),
    "inside": _("At %(name)s"),
    "at_the_edge": _("At the edge of %(name)s"),
    "outside": _("%(distance)s to %(name)s"),
    "outside_held": _("A punch from here is kept, and your supervisor looks at it."),
    "too_coarse": _("Your position is too coarse. Go to a window, or outside."),
    "no_fences": _("No place has been set for you. Your supervisor will look at the punch."),
    "position_of_app": _("The position comes from the app around this page."),
    "sketch": _("Where you are, and %(name)s"),
    "finding_text": _("Finding your position. It is quicker at a window."),
    "failing": _("No position was found."),
    "failing_since": _("No position has been found since %(time)s."),
    "fallback_in": _("In %(time)s you can punch another way."),
    "fallback_open": _("Punch by Wi-Fi, or type the address."),
    "denied_text": _(
        "This browser may not use your position. Allow it in the settings of the browser for this "
        "site, and of the phone for the browser."
    ),
    "consent_hint": _("Your position is used only if you agree, and only while this page is open."),
    "no_notice_text": _(
        "Positions are not read here: your company has published no notice about them yet."
    ),
    # Wi-Fi.
    "wifi_of_app": _("%(app)s tells which Wi-Fi this phone is in."),
    "wifi_needs_app_text": _("A browser cannot read which Wi-Fi a phone is in."),
    "wifi_instead": _(
        "Open this page in your company's app (WeCom, DingTalk, Feishu), or switch the automatic "
        "punch on."
    ),
    "wifi_unread": _("The app did not say which Wi-Fi this phone is in. Is Wi-Fi switched on?"),
    # Codes.
    "scan_hint": _("Scan the code on the screen at your site."),
    "code_read": _("The code was read."),
    "code_title": _("The code was read"),
    "code_text": _("Codes change all the time. Punch now?"),
    "no_code_title": _("This is no code for punching"),
    "no_code_text": _("Scan the code on the screen at your site."),
    "scan_title": _("Scan the code"),
    "scan_text": _("Hold the phone so that the code is in the frame."),
    "no_camera_scan": _(
        "This browser may not use the camera. Allow it, or scan the code with the camera app of "
        "your phone: it opens this page."
    ),
    "cannot_scan": _(
        "This browser cannot read codes. Scan the code with the camera app of your phone: it "
        "opens this page."
    ),
    # Photos.
    "photo_title": _("A photo of where you are"),
    "photo_text": _("Of the place. Nobody has to be in it."),
    "no_camera_photo": _("This browser may not use the camera itself."),
    "bad_photo": _("This file is no photo."),
    # What a punch came to.
    "held_text": _(
        "Your punch is kept, with its time. Your supervisor looks at it; nothing is lost."
    ),
    "awaited_text": _("One more step is awaited."),
    "awaited_second": _("One more step within %(minutes)s minutes: %(method)s."),
    "refused_title": _("Not punched"),
    "kept_title": _("%(time)s · kept on this phone"),
    "kept_text": _(
        "There is no network. The punch is signed with its time, and is sent when the network is "
        "back."
    ),
    "kept_unchecked_text": _(
        "There is no network. The punch is sent when the network is back. This page had none since "
        "it was opened, so nobody can check the phone's clock: your supervisor looks at the punch."
    ),
    "not_sent": _("Not punched"),
    "not_sent_text": _(
        "There is no network, and your rule knows no punching without one. Try again."
    ),
    "sent_title": _("%(count)s kept punches were sent"),
    "will_be_sent": _("Kept; will be sent when the network is back."),
    "of_others": _("Kept for somebody else, until they log in here: %(count)s"),
    "understood": _("Understood"),
    "dismiss": _("Close this message"),
    "early_title": _("Punch out already?"),
    "early_text": _("Your shift ends at %(time)s. The last punch of the day counts."),
    # The phone.
    "bind_title": _("Use this phone for punching?"),
    "bind_text": _(
        "A key is made on this phone and stays on it. It shows that your punches come from your "
        "phone. Nothing else of the phone is read."
    ),
    "bind_yes": _("Use this phone"),
    "phone_since": _("%(name)s, yours since %(date)s"),
    "phone_unknown": _("This phone is not set up for your punches."),
    "phone_cooling": _("This phone is new. Until %(time)s your punches may be looked at."),
    "release_title": _("Release this phone?"),
    "release_text": _("You cannot punch with it until you set it up again."),
    "release_yes": _("Release this phone"),
    # Consent.
    "version": _("Version %(version)s"),
    "consent_given": _("You agreed on %(date)s (version %(version)s)."),
    "consent_not_given": _("You have not agreed. Your position is not read."),
    "consent_withdraw": _("Withdraw"),
    "consent_read": _("Read the notice"),
    # Everything else.
    "automatic_hint": _("When your phone joins the company's Wi-Fi, your time is noted by itself."),
    "address_private": _(
        "A private address. Set it to “fixed” for this Wi-Fi: one that rotates is nobody's."
    ),
    "address_cooling": _(
        "New. Until %(time)s it punches only where the Wi-Fi knows you by name, unless HR confirms "
        "it."
    ),
    "address_enter": _("Enter the address of your phone"),
    "address_change": pgettext_lazy("address of a phone", "Change"),
    "address_remove": pgettext_lazy("address of a phone", "Remove"),
    "address_remove_title": _("Remove this address?"),
    "address_remove_text": _(
        "%(address)s: where the Wi-Fi does not know you by name, you are not punched by itself any "
        "more."
    ),
    "address_remove_yes": _("Remove the address"),
    "address_later": _("That cannot be kept just now. Try again later."),
    "offline": _("No network. You can punch all the same."),
    "offline_unchecked": _(
        "No network since this page was opened. You can punch all the same; your supervisor looks "
        "at it."
    ),
    "offline_unknown": _("No network. Open this page once with a network, and log in."),
    "logged_out": _("You are logged out. What is kept on this phone is not lost."),
    "log_in": _("Log in"),
}


def words() -> dict[str, str]:
    """Return the sentences in the language of the moment."""
    return {name: str(sentence) for name, sentence in WORDS.items()}
