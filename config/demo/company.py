"""What the demo company is: its tree, its positions, its log-ins. Values only."""

from __future__ import annotations

from typing import Final, NamedTuple

HEAD_COUNT: Final = 300
FIRST_NUMBER: Final = 10001


class Room(NamedTuple):
    """A department: how many people work in it, at what, and by which plan."""

    code: str
    name: str
    size: int
    head: str  # position codes
    staff: tuple[str, ...]
    plan: str  # see plans.py
    timezone: str = ""


class Unit(NamedTuple):
    """A business unit and its departments."""

    code: str
    name: str
    rooms: tuple[Room, ...]


ROOT_CODE: Final = "GROUP"
ROOT_NAME: Final = "华辰集团"

POSITIONS: Final = {
    "GM": "总经理",
    "DIR": "事业部总监",
    "HR": "人事专员",
    "MGR": "部门经理",
    "CLERK": "行政专员",
    "ACC": "会计",
    "IT": "系统管理员",
    "FOREMAN": "车间主任",
    "OPER": "操作工",
    "TECH": "技术员",
    "QC": "质检员",
    "CAPTAIN": "保安队长",
    "GUARD": "保安员",
    "STOREMGR": "店长",
    "CASHIER": "收银员",
    "SALES": "导购员",
    "ENG": "工程师",
    "TESTER": "测试工程师",
}

COMPANY: Final = (
    Unit("BU1", "集团总部", (
        Room("BU1-ADMIN", "行政部", 14, "MGR", ("CLERK",), "office"),
        Room("BU1-FIN", "财务部", 16, "MGR", ("ACC",), "office"),
        Room("BU1-IT", "信息部", 18, "MGR", ("IT", "ENG"), "office"),
    )),
    Unit("BU2", "智造事业部", (
        Room("BU2-ASM", "总装车间", 26, "FOREMAN", ("OPER", "OPER", "TECH"), "workshop"),
        Room("BU2-MACH", "机加工车间", 24, "FOREMAN", ("OPER", "OPER", "TECH"), "workshop"),
        Room("BU2-QA", "质检部", 16, "MGR", ("QC",), "alternating"),
    )),
    Unit("BU3", "安保事业部", (
        Room("BU3-GATE", "门岗队", 22, "CAPTAIN", ("GUARD",), "guard"),
        Room("BU3-PATROL", "巡逻队", 20, "CAPTAIN", ("GUARD",), "guard"),
        Room("BU3-CTRL", "监控中心", 14, "CAPTAIN", ("GUARD", "TECH"), "guard"),
    )),
    Unit("BU4", "零售事业部", (
        Room("BU4-RIVER", "滨江店", 22, "STOREMGR", ("SALES", "SALES", "CASHIER"), "shop"),
        Room("BU4-OLDTOWN", "老城店", 20, "STOREMGR", ("SALES", "SALES", "CASHIER"), "shop"),
        Room("BU4-ONLINE", "电商部", 18, "MGR", ("CLERK", "SALES"), "office"),
    )),
    Unit("BU5", "研发事业部", (
        Room("BU5-SOFT", "软件部", 22, "MGR", ("ENG",), "flexible"),
        Room("BU5-HARD", "硬件部", 20, "MGR", ("ENG", "TECH"), "flexible"),
        Room("BU5-TOKYO", "东京办事处", 16, "MGR", ("TESTER", "ENG"), "flexible", "Asia/Tokyo"),
    )),
)  # fmt: skip


class Login(NamedTuple):
    """A log-in: which roles it holds where (below that department as well), and whose it is."""

    username: str
    says: str
    roles: tuple[tuple[str, str | None], ...] = ()
    # Department and position of the person behind it.
    person: tuple[str, str] | None = None
    # A program has no password: it comes in by a token, which is issued when it is needed.
    is_program: bool = False


LOGINS: Final = (
    Login("admin", "super administrator: everything", (("super_administrator", None),)),
    Login(
        "group_hr",
        "totals of the whole group, details of headquarters",
        (("group_hr_director", ROOT_CODE), ("unit_hr", "BU1")),
        (ROOT_CODE, "HR"),
    ),
    *(
        Login(
            f"{unit.code.lower()}_hr",
            f"all of {unit.code} {unit.name}",
            (("unit_hr", unit.code),),
            (unit.code, "HR"),
        )
        for unit in COMPANY
    ),
    Login(
        "supervisor",
        "heads BU2-ASM 总装车间: sees and decides",
        (("department_supervisor", "BU2-ASM"),),
        ("BU2-ASM", "FOREMAN"),
    ),
    Login(
        "director", "totals of the whole group, nobody's days", (("group_hr_director", ROOT_CODE),)
    ),
    Login("auditor", "reads everything, with the audit log", (("auditor", ROOT_CODE),)),
    Login("employee", "works in BU2-ASM: their own days", (), ("BU2-ASM", "OPER")),
    Login(
        "payroll",
        "reads people and days of BU2",
        (("integration_client", "BU2"),),
        is_program=True,
    ),
    Login("door_bridge", "brings in punches of BU3", (("punch_source", "BU3"),), is_program=True),
)

SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任"
    "卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙黎史陶贺毛郝顾龚邵万覃武钱戴严莫孔向"
)
GIVEN_NAMES: Final = (
    "伟 芳 娜 敏 静 丽 强 磊 洋 艳 勇 军 杰 娟 涛 超 霞 平 "
    "刚 燕 鹏 飞 玲 桂英 建华 建国 志强 秀兰 文静 晓明 晓东 海燕 春梅 国强 玉兰 志远 "
    "雨桐 梓涵 子轩 浩然 欣怡 思远 佳琪 俊杰 嘉豪 梦洁 雅婷 天宇 一鸣 家明 立新 永康 少华 慧敏 "
    "红梅 淑珍 德华 振宇 云飞 雪莲 婷婷 丹丹 宇航 博文 诗涵 若曦 景行 明哲 佩瑶"
).split()
