import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty

import pytest
from kombu.connection import Connection

from config.broker import LOOK_FOR_THE_DEAD_EVERY
from config.celery import app

Run = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert app.main == "kaoqin"  # importing it gives the transport its name
    return tmp_path / "broker"


@pytest.fixture
def broker(folder: Path) -> Iterator[Connection]:
    with connect(folder) as connection:
        yield connection


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    """Run lines in another process, where `queue` is the queue `work`."""
    head = f"""
        import time
        from kombu import Connection
        from config.celery import app
        options = {{"folder": {str(folder)!r}, "polling_interval": 0.01}}
        connection = Connection("embedded://localhost", transport_options=options)
        queue = connection.SimpleQueue("work")
    """
    processes: list[subprocess.Popen[str]] = []

    def start(lines: str) -> "subprocess.Popen[str]":
        code = textwrap.dedent(head) + textwrap.dedent(lines)
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.wait()


def connect(folder: Path) -> Connection:
    return Connection(
        "embedded://localhost", transport_options={"folder": str(folder), "polling_interval": 0.01}
    )


def said(process: "subprocess.Popen[str]", line: str) -> None:
    assert process.stdout is not None
    assert process.stdout.readline().strip() == line


def files(folder: Path) -> list[str]:
    return sorted(
        path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"
    )


TAKE_ONE = """
    message = queue.get(timeout=20)
    print("taken", flush=True)
    time.sleep(60)
"""


def test_hundreds_of_quick_messages_arrive_once_each(folder: Path, run: Run) -> None:
    produce = "for number in range(300): queue.put({'by': %r, 'number': number})"
    consume = """
        done = 0
        try:
            while True:
                message = queue.get(timeout=4)
                print(message.payload["by"], message.payload["number"])
                message.ack()
        except queue.Empty:
            pass
    """

    producers = [run(produce % name) for name in ("first", "second")]
    consumers = [run(consume) for _ in range(2)]
    for producer in producers:
        assert producer.wait(60) == 0
    lines = [
        line for consumer in consumers for line in consumer.communicate(timeout=60)[0].split("\n")
    ]

    assert sorted(line for line in lines if line) == sorted(
        f"{name} {number}" for name in ("first", "second") for number in range(300)
    )
    assert files(folder) == []


def test_a_message_of_a_killed_reader_comes_back(broker: Connection, run: Run) -> None:
    queue = broker.SimpleQueue("work")
    queue.put({"judge": "2026-03-02"})
    reader = run(TAKE_ONE)
    said(reader, "taken")

    reader.kill()
    reader.wait()
    again = queue.get(timeout=20)

    assert again.payload == {"judge": "2026-03-02"}
    assert again.delivery_info["redelivered"] is True
    again.ack()


def test_a_message_of_a_living_reader_stays_with_it(broker: Connection, run: Run) -> None:
    queue = broker.SimpleQueue("work")
    queue.put({"judge": "2026-03-02"})
    said(run(TAKE_ONE), "taken")

    with pytest.raises(Empty):
        queue.get(timeout=LOOK_FOR_THE_DEAD_EVERY + 1)


def test_an_acknowledged_message_leaves_nothing(broker: Connection, folder: Path) -> None:
    queue = broker.SimpleQueue("work")
    queue.put({"judge": "2026-03-02"})

    queue.get(timeout=5).ack()

    assert files(folder) == []


def test_a_requeued_message_is_delivered_again(broker: Connection) -> None:
    queue = broker.SimpleQueue("work")
    queue.put({"judge": "2026-03-02"})

    queue.get(timeout=5).requeue()

    assert queue.get(timeout=5).payload == {"judge": "2026-03-02"}


def test_a_reader_that_leaves_in_order_gives_back_what_it_holds(
    folder: Path, broker: Connection
) -> None:
    broker.SimpleQueue("work").put({"judge": "2026-03-02"})
    with connect(folder) as other:
        other.SimpleQueue("work").get(timeout=5)

    assert broker.SimpleQueue("work").get(timeout=5).payload == {"judge": "2026-03-02"}


def test_messages_are_read_oldest_first(broker: Connection) -> None:
    queue = broker.SimpleQueue("work")
    for number in range(5):
        queue.put(number)

    assert [queue.get(timeout=5).payload for _ in range(5)] == [0, 1, 2, 3, 4]


def test_half_a_message_is_not_read_while_it_is_written(broker: Connection, folder: Path) -> None:
    queue = broker.SimpleQueue("work")
    (folder / "queues" / "work").mkdir(parents=True, exist_ok=True)
    (folder / "queues" / "work" / ".00000000000000000001_a.msg").write_text('{"body": "')

    with pytest.raises(Empty):
        queue.get(timeout=0.2)


@pytest.mark.parametrize("content", ['{"body": "', "", "[]", "null", '{"properties": {}}'])
def test_a_file_that_is_no_message_is_set_aside(
    broker: Connection, folder: Path, content: str
) -> None:
    queue = broker.SimpleQueue("work")
    (folder / "queues" / "work").mkdir(parents=True, exist_ok=True)
    (folder / "queues" / "work" / "00000000000000000001_a.msg").write_text(content)
    queue.put({"judge": "2026-03-02"})

    message = queue.get(timeout=5)

    assert message.payload == {"judge": "2026-03-02"}
    assert files(folder / "unreadable") == ["work,00000000000000000001_a.msg"]


def test_purging_says_how_many_messages_were_thrown_away(broker: Connection) -> None:
    queue = broker.SimpleQueue("work")
    queue.put(1)
    queue.put(2)

    assert queue.clear() == 2
    assert queue.qsize() == 0
