"""Mail servers on loopback for the tests: aiosmtpd with TLS and logins, and a few that misbehave.

    server.py FOLDER PASSWORD

Makes an authority and certificates in FOLDER, listens on free ports, and prints one line of JSON with a port for each
kind of server. Each mail that comes in becomes NUMBER.json (what Python's email package makes of it) and NUMBER.eml. Ends
with the process that started it, and takes FOLDER with it.

What happens to a recipient is written in the address: gone@ (550), full@ (452), grey@ (451 the first time), spam@ (554 to
the message), echo@ (550 with the password in it).
"""

import asyncio
import base64
import email
import email.policy
import json
import os
import shutil
import ssl
import subprocess
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder, password = sys.argv[1], sys.argv[2]
parent = os.getppid()
received = 0
greeted = set()


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def certificate(name, alternatives):
    openssl(
        "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
        "-keyout", f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}",
        *(["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "basicConstraints=CA:FALSE",
           "-addext", f"subjectAltName={alternatives}"] if alternatives else []))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/{name}.pem", f"{folder}/{name}.key")
    return context


def secrets():
    plain = base64.b64encode(f"\0ops\0{password}".encode()).decode()
    return f"{password} {plain} {base64.b64encode(password.encode()).decode()}"


def describe(content):
    """What the message is to somebody who did not write it."""
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = list(message.walk())
    lines = content.split(b"\r\n")
    return {
        "headers": {name.lower(): str(value) for name, value in message.items()},
        "names": [name for name, _ in message.items()],
        "date": message["date"].datetime.isoformat() if message["date"] else None,
        "defects": [str(d) for part in parts for d in part.defects]
        + [str(d) for value in message.values() for d in value.defects],
        "types": [part.get_content_type() for part in parts],
        "parts": [
            {"type": part.get_content_type(), "charset": part.get_content_charset(), "text": part.get_content().replace("\r\n", "\n")}
            for part in parts if not part.is_multipart()
        ],
        "longest": max(len(line) for line in lines),
        "bare": content.replace(b"\r\n", b"").count(b"\n") + content.replace(b"\r\n", b"").count(b"\r"),
        "ascii": content.isascii(),
    }


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.split("@")[0].split("+")[0]
        if local == "gone":
            return "550 5.1.1 No such user here"
        if local == "full":
            return "452 4.2.2 Mailbox full"
        if local == "grey" and address not in greeted:
            greeted.add(address)
            return "451 4.7.1 Greylisted, come back later"
        if local == "echo":
            return f"550 5.7.1 Not for {secrets()}"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        global received
        if any(address.startswith("spam") for address in envelope.rcpt_tos):
            return "554 5.7.1 Looks like spam"
        received += 1
        name = f"{folder}/{received:04}"
        with open(name + ".eml", "wb") as file:
            file.write(envelope.content)
        user = session.auth_data.login.decode() if session.auth_data else None
        document = {
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "user": user, "tls": server.transport.get_extra_info("ssl_object") is not None,
            "name": session.host_name, **describe(envelope.content)}
        with open(name + ".json.part", "w") as file:
            json.dump(document, file)
        os.rename(name + ".json.part", name + ".json")
        return "250 2.0.0 Taken"


def authenticate(server, session, envelope, mechanism, data):
    isRight = data.login == b"ops" and data.password == password.encode()
    return AuthResult(success=isRight, handled=False, auth_data=data if isRight else None)


def scripted(script):
    """A server that answers verbs as the script says: text, or None to hang, False to hang up. A list: one by one."""

    async def serve(reader, writer):
        async def say(answer):
            if isinstance(answer, tuple):
                await asyncio.sleep(answer[0])
                answer = answer[1]
            if answer is None:
                await asyncio.Event().wait()
            if answer is False:
                writer.transport.abort()
                return False
            writer.write(answer.encode())
            await writer.drain()
            return True

        try:
            if not await say(script.get("greeting", "220 localhost ESMTP\r\n")):
                return
            defaults = {
                "EHLO": "250-localhost\r\n250 AUTH PLAIN LOGIN\r\n", "MAIL": "250 OK\r\n", "RCPT": "250 OK\r\n",
                "DATA": "354 go on\r\n", "message": "250 2.0.0 Taken\r\n", "QUIT": "221 bye\r\n",
                "AUTH": "334 \r\n", "login": "235 OK\r\n"}
            while line := await reader.readline():
                verb = line[:4].decode(errors="replace").strip().upper()
                if not await say(script.get(verb, defaults.get(verb, "500 what?\r\n"))):
                    return
                if verb == "AUTH":
                    await reader.readline()
                    if not await say(script.get("login", defaults["login"])):
                        return
                if verb == "DATA" and not str(script.get("DATA", "354")).startswith("5"):
                    if script.get("halfway"):
                        await reader.read(100)
                        writer.transport.abort()
                        return
                    while (part := await reader.readline()) not in (b".\r\n", b""):
                        pass
                    if not await say(script.get("message", defaults["message"])):
                        return
        except ConnectionError:
            pass
        finally:
            writer.close()

    return serve


SCRIPTS = {
    "closes": {"greeting": False},
    "hangs": {"greeting": None},
    "hangs at the greeting": {"EHLO": None},
    "hangs at the message": {"message": None},
    "takes its time": {"message": (4, "250 2.0.0 Taken\r\n")},
    "hangs at the farewell": {"QUIT": None},
    "drops halfway": {"halfway": True},
    "drops at the message": {"message": False},
    "drops at the sender": {"MAIL": False},
    "no mail server": {"greeting": f"SSH-2.0-OpenSSH_9.2 {password}\r\n"},
    "web server": {"greeting": "HTTP/1.1 400 Bad Request\r\n\r\n"},
    "endless reply": {"EHLO": "250-x\r\n" * 200_000},
    "endless line": {"greeting": "220 " + "x" * 2_000_000},
    "greets 421": {"greeting": "421 4.3.2 Shutting down\r\n"},
    "greets 554": {"greeting": "554 5.7.1 Not from there\r\n"},
    "sender 421": {"MAIL": "421 4.7.0 Too many connections\r\n"},
    "sender 451": {"MAIL": "451 4.3.0 Try later\r\n"},
    "sender 452": {"MAIL": "452 4.3.1 Full\r\n"},
    "sender 530": {"MAIL": "530 5.7.0 Authentication required\r\n"},
    "sender 550": {"MAIL": "550 5.7.1 Not you\r\n"},
    "sender 552": {"MAIL": "552 5.3.4 Too big\r\n"},
    "sender 553": {"MAIL": "553 5.1.8 No such domain\r\n"},
    "recipient 421": {"RCPT": "421 4.7.0 Enough\r\n"},
    "recipient 450": {"RCPT": "450 4.2.1 Busy\r\n"},
    "recipient 452": {"RCPT": "452 4.5.3 Too many\r\n"},
    "recipient 550": {"RCPT": "550 5.1.1 Unknown\r\n"},
    "recipient 551": {"RCPT": "551 5.1.6 Moved\r\n"},
    "recipient 553": {"RCPT": "553 5.1.3 Bad address\r\n"},
    "recipient 554": {"RCPT": "554 5.7.1 Relay access denied\r\n"},
    "data 451": {"DATA": "451 4.3.0 Not now\r\n"},
    "data 554": {"DATA": "554 5.5.1 No valid recipients\r\n"},
    "message 354": {"message": "354 More?\r\n"},
    "message 421": {"message": "421 4.3.2 Going down\r\n"},
    "message 451": {"message": "451 4.3.0 Scanner is down\r\n"},
    "message 452": {"message": "452 4.3.1 Disk full\r\n"},
    "message 550": {"message": "550-5.7.1 First line\r\n550 5.7.1 second line\r\n"},
    "message 552": {"message": "552 5.3.4 Too big\r\n"},
    "message 554": {"message": "554 5.6.0 No\r\n"},
    "login 454": {"login": "454 4.7.0 Temporary\r\n"},
    "login 534": {"login": "534 5.7.9 Application password required\r\n"},
    "login 535": {"login": f"535 5.7.8 Wrong: {secrets()}\r\n"},
    "no login": {"EHLO": "250-localhost\r\n250 AUTH GSSAPI NTLM\r\n"},
    "echoes": {"message": f"550 {secrets()}\r\n"},
    "shouts": {"message": f"550 {password.upper()}\r\n"},
}


async def main():
    certificate("ca", None)
    right = certificate("right", "DNS:localhost,IP:127.0.0.1")
    wrong = certificate("wrong", "DNS:mail.example.net")
    handler = Handler()
    login = {"authenticator": authenticate, "auth_required": True}
    kinds = {
        "plain": (None, {}),
        "starttls": (None, {"tls_context": right, "require_starttls": True, **login}),
        "starttls, wrong name": (None, {"tls_context": wrong, "require_starttls": True}),
        "smtps": (right, {**login, "auth_require_tls": False}),
        "smtps, wrong name": (wrong, {}),
    }
    loop = asyncio.get_running_loop()
    ports = {}
    servers = []
    for name, (context, options) in kinds.items():
        server = await loop.create_server(
            lambda options=options: SMTP(handler, hostname="localhost", loop=loop, **options), "127.0.0.1", 0,
            ssl=context)
        servers.append(server)
        ports[name] = server.sockets[0].getsockname()[1]
    for name, script in SCRIPTS.items():
        server = await asyncio.start_server(scripted(script), "127.0.0.1", 0)
        servers.append(server)
        ports[name] = server.sockets[0].getsockname()[1]
    print(json.dumps(ports), flush=True)
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    shutil.rmtree(folder, ignore_errors=True)


asyncio.run(main())
