"""Whose the rows of terminals and of the Wi-Fi are.

Lines of terminals name a PIN; attendance knows whose that is.
"""

from devices.joins import what_was_said
from devices.models import (
    AccessPoint,
    Credential,
    PhoneAddress,
    QrScreen,
    Terminal,
    TerminalUpload,
    WifiController,
    WifiJoin,
)
from organization.personal.datamap import About, Erased, NotPersonal, Sort, register
from organization.personal_data import KEY, OTHERS, WHO
from organization.sealed_fields import opened

register(
    About(
        Credential,
        Sort.IDENTITY,
        ("kind", "value", "terminal"),
        {"id": KEY, "employee": WHO},
        way="employee",
        erased=Erased.LEAVERS,
    ),
    About(
        PhoneAddress,
        Sort.IDENTITY,
        ("sealed_address", "added_at", "is_unconfirmed"),
        {"id": KEY, "employee": WHO, "digest": "by what its address is found"},
        way="employee",
        reads={"sealed_address": lambda row: opened(row, "sealed_address").decode()},
        erased=Erased.ALWAYS,
    ),
    # Of a join that became no punch nothing is kept that would say whose it was.
    About(
        WifiJoin,
        Sort.EVIDENCE,
        ("controller", "kind", "happened_at", "received_at", "said", "state"),
        {"id": KEY, "employee": WHO, "key": "tells whether a controller says something again",
         "reason": "why it became no punch"},
        way="employee",
        reads={"said": lambda row: None if row.said is None else what_was_said(row)._asdict()},
        erased=Erased.ALWAYS,
    ),
    NotPersonal(AccessPoint, OTHERS),
    NotPersonal(WifiController, OTHERS),
    NotPersonal(Terminal, OTHERS),
    NotPersonal(QrScreen, OTHERS),
    NotPersonal(TerminalUpload, "numbers of a file of many people; its lines are told"),
)  # fmt: skip
