from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from approvals import services
from approvals.models import Allowance, ApprovalRule, ApprovalRuleStep, Delegation, Request
from approvals.services.steps import ask_anew
from approvals.tests.office import DAY, NOW, ask, at, punch
from attendance.models import Correction
from attendance.services.corrections import record_correction
from organization.models import AuditEntry, Role, User
from organization.services import add_department, hire
from tests.cast import Cast, appoint

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("standing_cast")]
INBOX = "/admin/approvals/request/inbox/"
REQUESTS = "/admin/approvals/request/"
WHO = "/admin/approvals/approvalrule/who/"
ROWS = "/admin/approvals/approvalrule/"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pages ask a clock that stands on the day after."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def browser(user, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def text(client: Client, where: str) -> str:
    answer = client.get(where, follow=True)
    assert answer.status_code == 200, where
    return answer.content.decode()


def page_of(request: Request) -> str:
    return reverse("admin:approvals_request_change", args=[request.pk])


def test_the_inbox_holds_what_waits_for_the_reader_and_is_narrowed_down(office: Cast):
    ask(office.alice)
    ask(office.bob)
    bob, hr = browser(office.bob.user), browser(office.hr)

    assert "1 request waits for you" in text(bob, INBOX)
    assert "Alice" in text(bob, INBOX)
    assert "Alice" not in text(hr, INBOX)
    assert "00102" in text(hr, f"{INBOX}?kind=make_up&q=00102&day={DAY}")
    for other in ("kind=leave", "q=Alice", "day=2026-09-02"):
        assert "00102" not in text(hr, f"{INBOX}?{other}")
        # It counts what it shows.
        assert "0 requests wait for you" in text(hr, f"{INBOX}?{other}")


def test_several_are_approved_together_and_each_refusal_is_named(office: Cast):
    punch(office.alice, "8:58")
    good = ask(office.alice)
    bad = ask(office.alice, slot="in", corrected_at=at("9:00"))
    record_correction(
        employee=office.alice, work_date=DAY, slot="in", corrected_at=at("8:59"),
        reason="HR knew", actor=None, now=NOW,
    )  # fmt: skip
    said = {"act": "approve", "chosen": [good.pk, bad.pk, 10**9, "x"], f"step-{good.pk}": "1"}

    told = browser(office.bob.user).post(INBOX, said, follow=True).content.decode()

    assert "1 request decided." in told
    assert "has been corrected already" in told
    assert str(bad) in told
    assert Correction.objects.filter(slot="out").count() == 1
    assert list(Request.objects.waiting()) == [bad]


def test_what_was_refused_stays_chosen_with_the_reason_that_was_written(office: Cast):
    good = ask(office.alice)
    bad = ask(office.alice, slot="in", corrected_at=at("9:00"))
    before = DAY - timedelta(days=1)
    other = ask(office.alice, work_date=before, corrected_at=at("18:00", before))
    record_correction(
        employee=office.alice, work_date=DAY, slot="in", corrected_at=at("8:59"),
        reason="HR knew", actor=None, now=NOW,
    )  # fmt: skip
    said = {"act": "approve", "chosen": [good.pk, bad.pk], "reason": 'At the "gate"'}

    told = browser(office.bob.user).post(INBOX, said, follow=True).content.decode()

    assert "1 request decided." in told
    assert f'value="{bad.pk}" checked' in told
    assert f'value="{other.pk}">' in told
    assert told.count(" checked>") == 1
    assert 'name="reason" value="At the &quot;gate&quot;"' in told


def test_without_a_reason_all_stay_chosen_and_afterwards_none_is(office: Cast):
    request = ask(office.alice)
    later = ask(office.alice, slot="in", corrected_at=at("9:00"))
    bob = browser(office.bob.user)
    said = {"act": "reject", "chosen": [request.pk]}

    refused = bob.post(INBOX, said, follow=True).content.decode()
    done = bob.post(INBOX, said | {"reason": "Not seen"}, follow=True)

    assert f'value="{request.pk}" checked' in refused
    assert f'value="{later.pk}">' in done.content.decode()
    assert 'name="reason" value=""' in done.content.decode()
    # A page that is loaded again decides nothing again.
    assert [status for _where, status in done.redirect_chain] == [302]


def test_the_inbox_is_called_what_it_is_above_and_in_chinese(office: Cast):
    for language, title in (("en", "To decide"), ("zh-hans", "待我审批")):
        said = text(browser(office.bob.user, language), INBOX)
        above = said[said.index("<h1") : said.index("</h1>")]

        assert title in above
        assert f'href="{REQUESTS}"' not in above


def test_boxes_of_people_offer_whom_the_reader_may_see_and_nobody_else(office: Cast):
    hr = browser(office.hr)

    for where in (f"{WHO}", "/admin/approvals/delegation/add/"):
        page = text(hr, where)
        (address, *more) = re.findall('data-people="([^"]+)"', page)
        offered = hr.get(f"{unescape(address)}&term=Alice").json()["results"]

        assert set(more) <= {address}
        assert [row["text"] for row in offered] == ["00101 Alice"]
        assert hr.get(f"{unescape(address)}&term=Carol").json()["results"] == []
        assert "approvals/people.js" in page
    # What is offered can be written.
    assert "Bob is the direct supervisor." in text(hr, f"{WHO}?employee=00101+Alice&kind=make_up")


def test_several_are_rejected_with_one_reason(office: Cast):
    requests = [ask(office.alice), ask(office.alice, slot="in", corrected_at=at("9:00"))]
    bob = browser(office.bob.user)
    said = {"act": "reject", "chosen": [request.pk for request in requests]}

    assert "Say why" in bob.post(INBOX, said, follow=True).content.decode()
    assert Request.objects.waiting().count() == 2
    bob.post(INBOX, said | {"reason": "Not seen"})

    assert set(Request.objects.values_list("status", "settled_reason")) == {
        ("rejected", "Not seen")
    }


def test_the_page_of_a_request_says_who_decides_and_takes_back(office: Cast):
    request = ask(office.alice)
    bob = browser(office.bob.user)
    assert "Bob is the direct supervisor." in text(bob, page_of(request))

    act = reverse("admin:approvals_request_act", args=[request.pk])
    bob.post(act, {"act": "approve", "step": "1"})
    assert "Take the approval back" in text(bob, page_of(request))
    assert "Take the approval back" not in text(browser(office.alice.user), "/me/requests/")
    bob.post(act, {"act": "revoke", "reason": "Was away"})

    request.refresh_from_db()
    assert request.status == "revoked"


def test_another_units_hr_finds_no_request_and_decides_none(office: Cast):
    request = ask(office.alice)
    stranger = browser(office.other_hr)

    assert stranger.get(page_of(request)).status_code == 404
    act = reverse("admin:approvals_request_act", args=[request.pk])
    assert stranger.post(act, {"act": "approve"}).status_code == 404
    told = stranger.post(INBOX, {"act": "approve", "chosen": [request.pk]}, follow=True)
    assert "Alice" not in told.content.decode()
    assert Request.objects.get().status == "waiting"


def row(**other) -> dict[str, object]:
    said: dict[str, object] = {
        "name": "Third make-up", "department": "", "kind": "make_up", "from_days": "0",
        "from_minutes": "0", "from_count": "3", "anomaly": "", "is_active": "on",
        "steps-TOTAL_FORMS": "2", "steps-INITIAL_FORMS": "0", "steps-MIN_NUM_FORMS": "1",
        "steps-MAX_NUM_FORMS": "6",
    }  # fmt: skip
    for n, way in enumerate(("supervisor", "unit_hr")):
        said |= {
            f"steps-{n}-index": n + 1, f"steps-{n}-way": way, f"steps-{n}-levels": 0,
            f"steps-{n}-mode": "any", f"steps-{n}-remind_hours": 24,
            f"steps-{n}-escalate_hours": 72,
        }  # fmt: skip
    return said | other


def test_hr_writes_a_row_and_asks_who_will_decide(office: Cast):
    hr = browser(office.hr)
    answer = hr.post(f"{ROWS}add/", row(department=office.unit.pk))
    assert answer.status_code == 302, answer.content.decode()[:2000]

    made = ApprovalRule.objects.get()
    assert [step.way for step in made.steps.all()] == ["supervisor", "unit_hr"]
    told = AuditEntry.objects.get(verb="matrix.changed").facts["after"]
    assert [step["way"] for step in told["steps"]] == ["supervisor", "unit_hr"]

    third = text(hr, f"{WHO}?employee=00101&kind=make_up&nth=3")
    assert "Third make-up" in third
    assert "Bob is the direct supervisor." in third
    assert "n_hr is the HR of North." in third
    first = text(hr, f"{WHO}?employee=00101&kind=make_up&nth=1")
    assert "No row of the matrix speaks for it" in first


def test_a_named_person_is_named_wherever_a_row_speaks_of_them(office: Cast):
    # Alice decides nothing anywhere, and would decide about herself.
    for kind, who in (("make_up", office.alice.user), ("leave", office.bob.user)):
        rule = ApprovalRule.objects.create(name=f"Named for {kind}", kind=kind)
        ApprovalRuleStep.objects.create(rule=rule, way="person", person=who)
    ApprovalRuleStep.objects.create(
        rule=rule, way="role", role=Role.objects.get(key="unit_hr"), index=2
    )
    boss = browser(office.superuser)

    assert "Alice may not decide there." in text(boss, f"{WHO}?employee=00102&kind=make_up")
    assert "Alice asks, and decides nothing" in text(boss, f"{WHO}?employee=00101&kind=make_up")
    rows = unescape(text(boss, ROWS))
    assert "A named person: Alice" in rows
    assert f"A named person: Bob → Holder of a role: {Role.objects.get(key='unit_hr')}" in rows
    steps = ask(office.bob).steps.get()
    assert next(name for _code, name, _where in steps.reasons) == "Alice"
    ask_anew(steps.request, steps, now=NOW)
    assert next(name for _code, name, _where in steps.reasons) == "Alice"


@pytest.mark.parametrize(("kind", "conditions", "wrong"), [
    ("make_up", {"from_days": "3"}, {"from_days"}),
    ("make_up", {"from_days": "3", "from_minutes": "60"}, {"from_days", "from_minutes"}),
    ("make_up", {"anomaly": "wifi"}, {"anomaly"}),
    ("held_punch", {"from_minutes": "60"}, {"from_minutes"}),
    ("held_punch", {"anomaly": "missing"}, {"anomaly"}),
    ("appeal", {"anomaly": "missing"}, {"anomaly"}),
    ("overtime", {"from_days": "1"}, {"from_days"}),
    ("leave", {"anomaly": "time"}, {"anomaly"}),
    ("", {"from_days": "3", "anomaly": "time"}, {"from_days", "anomaly"}),
    ("make_up", {"anomaly": "missing"}, set()),
    ("held_punch", {"anomaly": "out_of_fence"}, set()),
    ("appeal", {"anomaly": "time"}, set()),
    ("overtime", {"from_minutes": "60"}, set()),
    ("outing", {"from_minutes": "60", "from_days": "1"}, set()),
    ("leave", {"from_days": "3"}, set()),
    ("", {"from_days": "3", "from_minutes": "60"}, set()),
])  # fmt: skip
def test_a_condition_that_no_request_of_the_kind_can_meet_is_refused_at_its_box(
    office: Cast, kind: str, conditions: dict[str, str], wrong: set[str]
):
    said = row(department=office.unit.pk, kind=kind, from_count="0", **conditions)

    answer = browser(office.hr).post(f"{ROWS}add/", said)

    found = set() if answer.status_code == 302 else set(answer.context["adminform"].form.errors)
    assert found == wrong
    assert ApprovalRule.objects.exists() is not bool(wrong)


def test_a_row_that_can_never_hold_is_switched_off_as_it_is(office: Cast):
    odd = ApprovalRule.objects.create(
        name="Odd", kind="make_up", from_days=3, department=office.unit
    )
    step = ApprovalRuleStep.objects.create(rule=odd, way="supervisor")
    said = row(
        name="Odd", department=office.unit.pk, from_days="3", from_count="0",
        **{"steps-TOTAL_FORMS": "1", "steps-INITIAL_FORMS": "1", "steps-0-id": step.pk,
           "steps-0-rule": odd.pk},
    )  # fmt: skip
    del said["is_active"]

    browser(office.hr).post(f"{ROWS}{odd.pk}/change/", said)

    odd.refresh_from_db()
    assert not odd.is_active


def test_hr_asks_about_nobody_of_another_unit_and_names_nobody_there(office: Cast):
    hr = browser(office.hr)

    told = text(hr, f"{WHO}?employee=00201&kind=leave&days=5")
    assert "There is nobody" in told
    assert "Dyeing" not in told
    for odd in (
        {"department": office.other_unit.pk},
        {"department": ""},
        {"department": office.unit.pk, "steps-0-way": "person",
         "steps-0-person": office.carol.user.pk},
        {"department": office.unit.pk, "steps-0-way": "role"},
    ):  # fmt: skip
        assert hr.post(f"{ROWS}add/", row(**odd)).status_code == 200
    assert not ApprovalRule.objects.exists()


def test_only_whoever_configures_writes_rows(office: Cast):
    bob = browser(office.bob.user)

    assert bob.get(WHO).status_code == 404
    assert bob.post(f"{ROWS}add/", row(department=office.department.pk)).status_code == 403


def test_a_supervisor_names_a_deputy_and_ends_it(office: Cast):
    bob = browser(office.bob.user)
    said = {"giver": "", "deputy": "00101",
            "starts_at": "2026-09-02T10:00", "ends_at": "2026-09-09T10:00"}  # fmt: skip
    where = "/admin/approvals/delegation/"

    for odd in ({"deputy": "00201"}, {"giver": "00201"}, {"ends_at": "soon"}):
        assert bob.post(f"{where}add/", said | odd).status_code == 200
    assert not Delegation.objects.exists()
    assert bob.post(f"{where}add/", said).status_code == 302

    made = Delegation.objects.get()
    assert (made.giver, made.deputy) == (office.bob.user, office.alice.user)
    assert made.ends_at - made.starts_at == timedelta(days=7)
    bob.post(where, {"action": "end", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert made.ended_at == NOW


def test_a_deputy_who_may_not_stand_in_is_refused_with_the_reason(office: Cast):
    """As nobody else is offered, the refusal says it, and the same of who is not employed."""
    hire(
        number="00104", name="Nell", department=office.department, joined_on=DAY, user=None, now=NOW
    )
    gone = User.objects.create_user("gus", is_active=False)
    hire(number="00105", name="Gus", department=office.unit, joined_on=DAY, user=gone, now=NOW)
    bob = browser(office.bob.user)
    said = {"giver": "", "starts_at": "2026-09-02T10:00", "ends_at": "2026-09-09T10:00"}
    where = "/admin/approvals/delegation/add/"

    for deputy in ("00104", "Nell", "00105 Gus", "Carol", "00201", "Nobody at all"):
        page = bob.post(where, said | {"deputy": deputy}).content.decode()
        assert f"“{deputy}” cannot stand in for Bob: another business unit, no log-in, or" in page
        assert "There is nobody" not in page
    own = bob.post(where, said | {"deputy": "00102 Bob"}).content.decode()
    assert "Nobody stands in for themselves." in own
    assert not Delegation.objects.exists()


def test_nobody_is_offered_as_a_deputy_who_would_be_refused(office: Cast):
    page = text(browser(office.hr), "/admin/approvals/delegation/add/")
    boxes = {
        name: "data-people" in box
        for box in re.findall("<input[^>]+>", page)
        for name in re.findall('name="(giver|deputy)"', box)
    }

    assert boxes == {"giver": True, "deputy": False}


def test_hr_sets_an_allowance(office: Cast):
    hr = browser(office.hr)
    said = {"employee": office.alice.pk, "leave_type": "annual", "year": 2026, "days": "5"}

    assert hr.post("/admin/approvals/allowance/add/", said).status_code == 302
    assert (
        hr.post("/admin/approvals/allowance/add/", said | {"employee": office.carol.pk}).status_code
        == 200
    )

    assert Allowance.objects.get().employee == office.alice
    assert AuditEntry.objects.filter(verb="allowance.set").count() == 1


def test_nobody_sets_their_own_allowance(office: Cast):
    own = hire(
        number="00110", name="Hope", department=office.department,
        joined_on=NOW.date() - timedelta(days=9), user=office.hr, now=NOW,
    )  # fmt: skip
    hr, boss = browser(office.hr), browser(office.superuser)
    said = {"employee": own.pk, "leave_type": "annual", "year": 2026, "days": "50"}

    assert hr.post("/admin/approvals/allowance/add/", said).status_code == 200
    assert not Allowance.objects.exists()
    assert boss.post("/admin/approvals/allowance/add/", said | {"days": "5"}).status_code == 302

    where = f"/admin/approvals/allowance/{Allowance.objects.get().pk}/change/"
    hr.post(where, {"days": "50"})
    assert Allowance.objects.get().days == 5


@pytest.mark.parametrize("where", [INBOX, WHO, ROWS, "/admin/approvals/delegation/",
                                   "/admin/approvals/delegation/add/",
                                   "/admin/approvals/allowance/"])  # fmt: skip
def test_the_pages_open_in_both_languages(office: Cast, where: str):
    ask(office.bob)
    for language in ("en", "zh-hans"):
        assert f'lang="{language}"' in text(browser(office.hr, language), where)


def test_whoever_stands_in_reads_and_decides_on_the_page_that_their_inbox_leads_to(office: Cast):
    other = add_department(
        name="Spinning", code="N-S", parent=office.unit, now=NOW - timedelta(days=9)
    )
    lee = hire(
        number="00110", name="Lee", department=other, joined_on=NOW.date() - timedelta(days=9),
        user=User.objects.create_user("lee", is_staff=True), now=NOW,
    )  # fmt: skip
    appoint(lee.user, "department_supervisor", other)
    request = ask(office.alice)
    client = browser(lee.user)
    assert client.get(page_of(request)).status_code == 404
    services.delegate(
        giver=office.bob.user, deputy=lee.user, starts_at=NOW, ends_at=NOW + timedelta(days=1),
        actor=office.bob.user, now=NOW,
    )  # fmt: skip

    assert page_of(request) in text(client, INBOX)
    assert "Alice" in text(client, page_of(request))
    act = reverse("admin:approvals_request_act", args=[request.pk])
    client.post(act, {"act": "approve"})

    request.refresh_from_db()
    assert request.status == "approved"
