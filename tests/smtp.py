"""A small SMTP server on loopback, for tests of what is sent by e-mail.

    with smtp.running() as server:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        ...
        [mail] = server.mails
        assert mail.parsed["Subject"] == "..."

`refuse` makes it answer the next messages with these codes (451: try again later, 550: never);
`drop` makes it hang up on as many after the data, unanswered. While `closed` is a code, that is the
answer to every message. What it answered 250 is in `mails`.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

MOST_BYTES = 32 * 2**20


@dataclass(frozen=True, slots=True)
class Mail:
    """What was handed over: the envelope and the message."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes

    @property
    def parsed(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=policy.default)

    def part(self, kind: str) -> str:
        """The text of the part of this type, e.g. `text/plain`. KeyError where there is none."""
        for part in self.parsed.walk():
            if part.get_content_type() == kind:
                return str(part.get_content())
        raise KeyError(kind)


@dataclass
class Server:
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    refuse: list[int] = field(default_factory=list)
    """Codes for the next messages, first one first."""
    drop: int = 0
    """So many next messages end with the connection, unanswered."""
    closed: int | None = None
    tries: int = 0
    """Messages that were begun, taken or not."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # the client hung up
        finally:
            writer.close()

    def take(self, mail: Mail) -> int | None:
        """The code to answer; None for none at all."""
        self.tries += 1
        if (code := self.closed) is not None:
            return code
        if self.drop:
            self.drop -= 1
            return None
        if self.refuse:
            return self.refuse.pop(0)
        self.mails.append(mail)
        return 250


@dataclass
class _Conversation:
    server: Server
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    sender: str = ""
    recipients: list[str] = field(default_factory=list)

    async def run(self) -> None:
        await self.say(220, "loopback")
        while line := await self.reader.readline():
            words = line.decode("ascii", "replace").strip()
            verb = words[:4].upper()
            if verb == "DATA":
                if not await self.data():
                    return
            elif verb == "QUIT":
                await self.say(221, "bye")
                return
            else:
                await self.command(verb, words)

    async def command(self, verb: str, words: str) -> None:
        address = words[words.find("<") + 1 : words.find(">")]
        if verb in ("MAIL", "RSET"):
            self.sender, self.recipients = address if verb == "MAIL" else "", []
        elif verb == "RCPT":
            self.recipients.append(address)
        elif verb not in ("EHLO", "HELO", "NOOP"):
            await self.say(502, "not known here")
            return
        await self.say(250, "ok")

    async def data(self) -> bool:
        """Whether the conversation goes on."""
        await self.say(354, "go on")
        content = bytearray()
        while (line := await self.reader.readline()) != b".\r\n":
            if not line or len(content) > MOST_BYTES:
                return False
            content += line[1:] if line.startswith(b"..") else line
        code = self.server.take(Mail(self.sender, tuple(self.recipients), bytes(content)))
        if code is None:
            return False
        await self.say(code, "taken" if code == 250 else "not now")
        return True

    async def say(self, code: int, words: str) -> None:
        self.writer.write(f"{code} {words}\r\n".encode())
        await self.writer.drain()


@contextmanager
def running() -> Iterator[Server]:
    """A server in a thread of its own, on a free port."""
    server, loop = Server(), asyncio.new_event_loop()
    started = threading.Event()
    listening: list[asyncio.Server] = []

    async def listen() -> None:
        one = await asyncio.start_server(server.serve, "127.0.0.1", 0, limit=2**20)
        listening.append(one)
        server.port = one.sockets[0].getsockname()[1]
        started.set()

    def work() -> None:
        asyncio.set_event_loop(loop)
        loop.create_task(listen())
        loop.run_forever()

    async def stop() -> None:
        listening[0].close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)  # for transports to close
        loop.call_soon(loop.stop)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    if not started.wait(10):
        raise RuntimeError("the SMTP server did not start")
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop)
        thread.join(10)
        loop.close()
