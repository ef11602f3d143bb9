"""What can see people, and what it said, as it said it."""

from devices.models.phones import Phone
from devices.models.screens import QrScreen
from devices.models.terminals import Credential, Terminal, TerminalLine, TerminalUpload
from devices.models.wifi import AccessPoint, PhoneAddress, WifiController, WifiJoin

__all__ = [
    "AccessPoint",
    "Credential",
    "Phone",
    "PhoneAddress",
    "QrScreen",
    "Terminal",
    "TerminalLine",
    "TerminalUpload",
    "WifiController",
    "WifiJoin",
]
