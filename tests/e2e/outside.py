# SPDX-License-Identifier: Apache-2.0
"""The world that notices go out to, as badly as it can behave: an SMTP relay, a webhook subscriber, and a real Postfix."""
import base64
import collections
import email
import email.policy
import json
import os
import pathlib
import pwd
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time

from desk import ROOT, until


def certificate(folder, name="localhost"):
    """A certificate that signed itself: trusted by whoever is given it, and by nobody else."""
    key, cert = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
                   check=True, capture_output=True)
    return cert, key


def context(cert, key):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(cert, key)
    return made


class Server(threading.Thread):
    """One thread for each connection; ends with the test."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port = self.listener.getsockname()[1]
        self.lock, self.connections = threading.Lock(), 0

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.listener.close()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve_safely, args=(connection,), daemon=True).start()

    def serve_safely(self, connection):
        try:
            self.serve(connection)
        except (OSError, EOFError, ssl.SSLError):
            pass
        finally:
            connection.close()


Mail = collections.namedtuple("Mail", "recipient message at said")


class Relay(Server):
    """An SMTP server; behave(recipient, n) says what the n-th mail to a recipient (from 0) meets:
    ok, 421, 450, 550 (at the recipient), drop_in_data, drop_after_dot, 451_after_dot, 554_after_dot, never (answers a byte every 5 s).
    With `password` ("user:word") nothing is taken from who does not say it; `at_once`: TLS from the start, and no STARTTLS."""

    def __init__(self, behave=lambda recipient, n: "ok", tls=None, password=None, at_once=False):
        super().__init__()
        self.behave, self.tls, self.password, self.at_once = behave, tls, password, at_once
        self.taken, self.tries, self.senders, self.said = [], collections.Counter(), 0, []

    def serve(self, connection):
        session = Session(connection)
        if self.at_once:
            session.secure(self.tls)
        session.say("220 relay.example ESMTP")
        while True:
            line = session.read()
            verb = line[:4].upper()
            if verb == "EHLO":
                session.say("250-relay.example", *["250-AUTH PLAIN"] * bool(self.password and session.safe),
                            "250 STARTTLS" if self.tls and not session.safe else "250 8BITMIME")
            elif verb == "STAR" and self.tls:
                session.say("220 go ahead")
                session.secure(self.tls)
            elif verb == "AUTH":
                self.authenticate(session, line)
            elif verb == "MAIL" and self.password and not session.known:
                session.say("530 5.7.0 who are you")
            elif verb == "MAIL":
                self.senders += 1
                session.say("250 ok")
            elif verb == "RCPT":
                if not self.recipient(session, re.search("<(.*?)>", line).group(1)):
                    return
            elif verb == "DATA":
                if not self.data(session):
                    return
            elif verb == "QUIT":
                session.say("221 bye")
                return
            else:
                session.say("250 ok")

    def authenticate(self, session, line):
        if len(line.split()) < 3:
            session.say("334 ")
        said = base64.b64decode(line.split()[2] if len(line.split()) > 2 else session.read()).decode().split("\0")[1:]
        self.said.append((":".join(said), session.safe))
        session.known = self.said[-1] == (self.password, True)
        session.say("235 2.7.0 welcome" if session.known else "535 5.7.8 no")

    def recipient(self, session, address):
        with self.lock:
            session.recipient, session.does = address, self.behave(address, self.tries[address])
            self.tries[address] += 1
        if session.does == "never":
            while True:
                session.connection.sendall(b"2")
                time.sleep(5)
        session.say({"421": "421 4.3.2 closing", "450": "450 4.2.1 busy", "550": "550 5.1.1 no such mailbox"}.get(session.does, "250 ok"))
        return session.does != "421"

    def data(self, session):
        session.say("354 go on")
        if session.does == "drop_in_data":
            session.file.readline()
            return False
        lines = []
        while (line := session.file.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if not line:
            return False
        takes = session.does not in ("451_after_dot", "554_after_dot")
        if takes:
            message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
            with self.lock:
                self.taken.append(Mail(session.recipient, message, time.monotonic(), session.does == "ok"))
        if session.does == "drop_after_dot":
            return False
        session.say("250 taken" if takes else "451 4.3.0 later" if session.does == "451_after_dot" else "554 5.7.1 no")
        return True

    def of(self, recipient):
        with self.lock:
            return [mail for mail in self.taken if mail.recipient == recipient]


class Session:
    def __init__(self, connection):
        self.connection, self.file, self.safe = connection, connection.makefile("rb"), False
        self.recipient = self.does = None
        self.known = False

    def say(self, *lines):
        self.connection.sendall("".join(line + "\r\n" for line in lines).encode())

    def read(self):
        line = self.file.readline()
        if not line:
            raise EOFError
        return line.decode().rstrip()

    def secure(self, tls):
        self.connection = tls.wrap_socket(self.connection, server_side=True)
        self.file, self.safe = self.connection.makefile("rb"), True


Post = collections.namedtuple("Post", "path headers body")


class Subscribers(Server):
    """An https server; answers(path, n) gives status, further headers and body of the n-th request (from 0) with one webhook-id to a path.
    A body that is None never ends. Cases from before, whose mails go out late, come here too, and are taken: a subscriber in trouble is
    left alone for as long as it was so in a row, whoever's notice it was."""

    def __init__(self, tls, answers):
        super().__init__()
        self.tls, self.answers = tls, answers
        self.posts, self.tries = [], collections.Counter()
        self.begun = f"{time.time_ns() // 1000000:012x}"  # as ids of cases begin

    def serve(self, connection):
        safe = self.tls.wrap_socket(connection, server_side=True)
        file = safe.makefile("rb")
        while request := file.readline():
            path, headers = request.decode().split()[1], {}
            while (line := file.readline()) not in (b"\r\n", b""):
                name, _, value = line.decode().partition(":")
                headers[name.lower()] = value.strip()
            body = file.read(int(headers.get("content-length", 0)))
            with self.lock:
                self.posts.append(Post(path, headers, body))
                of_notice = path, headers.get("webhook-id")
                is_earlier = json.loads(body)["data"]["case"].replace("-", "")[:12] < self.begun
                status, more, answer = (204, {}, b"") if is_earlier else self.answers(path, self.tries[of_notice])
                self.tries[of_notice] += 1
            head = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in more.items())]
            head += ["Transfer-Encoding: chunked"] if answer is None else [f"Content-Length: {len(answer)}"]
            safe.sendall(("\r\n".join(head) + "\r\n\r\n").encode())
            while answer is None:
                safe.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            safe.sendall(answer)

    def of(self, path, notice=None):
        with self.lock:
            return [post for post in self.posts if post.path == path and notice in (None, post.headers["webhook-id"])]


class Postfix:
    """A Postfix of its own: unpacked, not installed; STARTTLS demanded, delivering into a Maildir for each address."""

    def __init__(self, addresses):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="postfix-"))
        self.folder.chmod(0o755)
        self.program = ROOT / "var/postfix"
        self.addresses = addresses
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self):
        conf, queue = self.folder / "conf", self.folder / "queue"
        user = pwd.getpwnam("mail")
        for name in ("conf", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        for name in "active bounce corrupt defer deferred flush hold incoming private saved trace public maildrop pid".split():
            (queue / name).mkdir(mode=0o700 if name not in ("public", "maildrop") else 0o730)
            if name != "pid":
                os.chown(queue / name, user.pw_uid, user.pw_gid)
        for name in ("data", "mail"):
            os.chown(self.folder / name, user.pw_uid, user.pw_gid)
        self.certificate, key = certificate(conf)
        libraries = self.program / "usr/lib/postfix"
        domains = sorted({address.partition("@")[2] for address in self.addresses})
        (conf / "main.cf").write_text(f"""compatibility_level = 3.6
queue_directory = {queue}
data_directory = {self.folder}/data
daemon_directory = {libraries}/sbin
command_directory = {self.program}/usr/sbin
meta_directory = {self.program}/etc/postfix
mail_owner = mail
setgid_group = utmp
default_privs = daemon
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LD_LIBRARY_PATH LANG=C
maillog_file = {self.folder}/log
maillog_file_prefixes = {self.folder.parent}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = {' '.join(domains)}
virtual_mailbox_base = {self.folder}/mail
virtual_mailbox_maps = texthash:{conf}/boxes
virtual_uid_maps = static:{user.pw_uid}
virtual_gid_maps = static:{user.pw_gid}
virtual_minimum_uid = 1
proxy_read_maps = proxy:unix:passwd.byname
local_recipient_maps =
alias_maps =
alias_database =
smtpd_tls_cert_file = {self.certificate}
smtpd_tls_key_file = {key}
smtpd_tls_security_level = encrypt
""")
        (conf / "boxes").write_text("".join(f"{address} {address}/\n" for address in self.addresses))
        services = ["pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr",
                    "tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite", "virtual unix - n n - - virtual",
                    "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache", "proxymap unix - - n - - proxymap",
                    "error unix - - n - - error", "postlog unix-dgram n - n - 1 postlogd"]
        services += [f"{name} unix - - n - 0 bounce" for name in ("bounce", "defer", "trace")]
        (conf / "master.cf").write_text("\n".join([f"{self.port} inet n - n - - smtpd", *services]) + "\n")
        environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries), "MAIL_CONFIG": str(conf)}
        self.master = subprocess.Popen([libraries / "sbin/master", "-c", conf, "-d"], env=environment,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until("Postfix listens", self.listens, 30)
        return self

    def listens(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as connection:
                return connection.recv(3) == b"220"
        except OSError:
            return False

    def __exit__(self, *_):
        self.master.terminate()
        self.master.wait(20)
        shutil.rmtree(self.folder)

    def mails(self, address):
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
                for path in sorted((self.folder / "mail" / address / "new").glob("*"), key=lambda path: path.stat().st_mtime)]
