"""Whose the rows of terminals are. Their lines name a PIN; attendance knows whose that is."""

from devices.models import Credential, Terminal, TerminalUpload
from organization.personal.datamap import About, Erased, NotPersonal, Sort, register
from organization.personal_data import KEY, OTHERS, WHO

register(
    About(
        Credential,
        Sort.IDENTITY,
        ("kind", "value", "terminal"),
        {"id": KEY, "employee": WHO},
        way="employee",
        erased=Erased.LEAVERS,
    ),
    NotPersonal(Terminal, OTHERS),
    NotPersonal(TerminalUpload, "numbers of a file of many people; its lines are told"),
)
