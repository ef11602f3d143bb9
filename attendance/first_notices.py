"""The first version of each notice, in every language; companies write their own from the second.

Each names who, what, why, on which basis, for how long, and how to say no (PIPL articles 13 \
to 17,
29 and 30; L-02, L-03).
"""

from collections.abc import Mapping
from typing import Final

from attendance.models import Purpose

Words = Mapping[str, tuple[str, str]]
"""Title and text by language."""

FIRST: Final[Mapping[Purpose, Words]] = {
    Purpose.LOCATION: {
        "en": (
            "Your position when you punch",
            """Who: your employer, which runs this system.

What: when you press the button, your phone sends its position with its accuracy and, if you use \
them, the address of the Wi-Fi, the code that you scanned, a photo of the scene and what the \
phone says of its own state. Nothing is sent at any other moment; you are not followed.

Why: to see that you were at a place of work when you punched. Nothing milder shows it without a \
terminal. A precise position is sensitive: whoever knew it could tell where you were. It is \
encrypted, it is not part of the record of your working time, and each look at it by somebody \
else is written down where you can read it.

Basis: your separate consent (Personal Information Protection Law, articles 13, 14, 28 and 29), \
beside the attendance rules of your employer. Which version of which rule asked for it is kept \
with each punch.

How long: position, Wi-Fi address and state of the phone at most 90 days, a photo at most 180. \
What is kept afterwards is that you punched, when, whether in place, and how far from it.

You may say no, and take a yes back at any time on this page, as easily as you give it. From \
that moment no position is asked for. You punch at a terminal or in another way instead, and \
nothing else changes for you. Under "My data" you read and take along what is kept; your HR \
corrects and erases it. A new version of this text asks you again.""",
        ),
        "zh-hans": (
            "打卡时的位置信息",
            """处理者：您的用人单位，即本系统的运营者。

处理内容：您按下打卡按钮时，手机会提交当时的位置及其精度；如您使用相应方式，还包括 Wi-Fi 地址、\
所扫描的二维码、现场照片以及手机自身的状态。其他任何时候都不提交，也不跟踪您的行踪。

目的与必要性：确认您打卡时在工作地点。不使用考勤机时，没有影响更小的办法。\
精确位置属于敏感个人信息，他人得知后可以推断您身在何处。因此位置加密保存，不写入工时记录；\
他人每次查看都会留下记录，您可以查阅。

依据：您的单独同意（《个人信息保护法》第十三条、第十四条、第二十八条、第二十九条），\
以及用人单位的考勤规则。每次打卡都会保存当时适用的规则版本。

保存期限：位置、Wi-Fi 地址和手机状态最长 90 天，照片最长 180 天。\
此后只保留您打卡的时间、是否在规定地点以及相距多远。

您可以不同意，也可以随时在本页面撤回同意，与给予同意同样方便。自撤回时起不再要求位置信息。\
您可改用考勤机或其他方式打卡，其他一切不受影响。您可在“我的数据”中查阅并带走所保存的信息，\
并可要求人力资源部门更正或删除。本告知更新版本后，会再次征求您的同意。""",
        ),
    },
    Purpose.REPORTS: {
        "en": (
            "Your position while on duty in the field",
            """Who: your employer, which runs this system.

What: while you are on duty and work outside, a program of your employer reports your position \
from time to time. Outside your hours of duty, on days off and while you are on leave, a report \
is refused and nothing is kept.

Why: so that work outside can be planned and proven. It shows a part of your way, which is \
sensitive: it is encrypted, and each look at it by somebody else is written down where you can \
read it.

Basis: your separate consent (Personal Information Protection Law, articles 13, 14, 28 and 29), \
beside the attendance rule for field staff, whose version in force asks for these reports.

How long: at most 90 days.

You may say no, and take a yes back at any time on this page, as easily as you give it. From \
that moment no report is kept. You go on punching as before, and nothing else changes for you. \
Under "My data" you read and take along what is kept; your HR erases it. A new version of this \
text asks you again.""",
        ),
        "zh-hans": (
            "外勤值勤期间的位置信息",
            """处理者：您的用人单位，即本系统的运营者。

处理内容：您在外勤值勤期间，用人单位的程序会不时上报您的位置。值勤时间之外、\
休息日以及请假期间的上报会被拒绝，不作任何保存。

目的与必要性：安排外勤工作并作为凭证。上报内容反映您的部分行踪，属于敏感个人信息；因此加密保存，\
他人每次查看都会留下记录，您可以查阅。

依据：您的单独同意（《个人信息保护法》第十三条、第十四条、第二十八条、第二十九条），\
以及适用于外勤人员的考勤规则，由其现行版本要求上报。

保存期限：最长 90 天。

您可以不同意，也可以随时在本页面撤回同意，与给予同意同样方便。自撤回时起不再保存任何上报。\
打卡照常进行，其他一切不受影响。您可在“我的数据”中查阅并带走所保存的信息，\
并可要求人力资源部门删除。本告知更新版本后，会再次征求您的同意。""",
        ),
    },
}
