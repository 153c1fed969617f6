"""What stands between bestand and what it calls: TLS terminators with a doorkeeper, and a forward proxy."""

import base64
import http.client
import json
import select
import socket
import socketserver
import ssl
import struct
import threading
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "proxy-connection", "proxy-authorization", "transfer-encoding", "te", "upgrade"}


class Threads(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def handle_error(self, *_):
        """A handshake that is refused is what some checks are about."""

    def serve(self):
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def close(self):
        self.shutdown()
        self.server_close()

    @property
    def port(self):
        return self.server_address[1]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def answer(self, status, content, headers=()):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP_BY_HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def onward(self, host, port, path, body, leave_out=()):
        connection = http.client.HTTPConnection(host, port, timeout=60)
        try:
            connection.putrequest(self.command, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP_BY_HOP | set(leave_out):
                    connection.putheader(name, value)
            connection.endheaders(body)
            got = connection.getresponse()
            return got.status, got.read(), got.getheaders()
        finally:
            connection.close()

    def log_message(self, *_):
        pass


class DoorHandler(Handler):
    timeout = 60

    def setup(self):
        # Here, in the connection's own thread: a client that never shakes hands must not hold up the others.
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle_any(self):
        door, body = self.server, self.body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        with door.lock:
            door.seen.append((f"{self.command} {self.path.split('?')[0]}", headers, self.request.getpeercert()))
            refusal = door.guard and door.guard(f"{self.command} {self.path}", headers, body)
        if refusal:
            status, answer = refusal
            return self.answer(status, json.dumps(answer).encode(), [("Content-Type", "application/json")])
        status, content, headers = self.onward(*door.target, self.path, body, {"authorization", "x-api-key"})
        return self.answer(status, content, headers)

    do_GET = do_PUT = do_POST = do_DELETE = handle_any


class Door(Threads):
    """Speaks TLS before a register that speaks none, and asks who is there.

    `guard(line, headers, body)` answers None to let a request through, or a status and a JSON body.
    """

    def __init__(self, target, certificate, client_authority=None, guard=None):
        super().__init__(("127.0.0.1", 0), DoorHandler)
        parts = urlsplit(target)
        self.target, self.guard, self.seen, self.lock = (parts.hostname, parts.port), guard, [], threading.Lock()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self.context)
        if client_authority:
            client_authority.configure_trust(self.context)
            self.context.verify_mode = ssl.CERT_REQUIRED
        self.serve()

    @property
    def url(self):
        return f"https://localhost:{self.port}"

    def headers(self, name):
        return [headers.get(name) for _, headers, _ in self.seen]

    def lines(self):
        return [line for line, _, _ in self.seen]


class DatabaseDoor(Threads):
    """Stands before a PostgreSQL server as Amazon RDS does where IAM lets in: TLS first, then a token as the password.

    `judge(user, token)` says whether it is the token of that user. Who is let in is handed on to `target` (host, port),
    which must trust this user.
    """

    TLS, CLEARTEXT = 80877103, b"R\x00\x00\x00\x08\x00\x00\x00\x03"

    class Asked(socketserver.BaseRequestHandler):
        def exactly(self, size):
            got = b""
            while len(got) < size:
                part = self.request.recv(size - len(got))
                if not part:
                    raise ConnectionError("the client left")
                got += part
            return got

        def message(self):
            size = struct.unpack("!I", self.exactly(4))[0]
            return self.exactly(size - 4)

        def refuse(self, code, text):
            fields = b"".join(kind + value.encode() + b"\0" for kind, value in ((b"S", "FATAL"), (b"V", "FATAL"), (b"C", code), (b"M", text)))
            self.request.sendall(b"E" + struct.pack("!I", len(fields) + 5) + fields + b"\0")

        def handle(self):
            door, first = self.server, self.message()
            if struct.unpack("!I", first[:4])[0] != door.TLS:
                door.seen.append("without TLS")
                return self.refuse("28000", "no pg_hba.conf entry for this host, no encryption")
            self.request.sendall(b"S")
            self.request = door.context.wrap_socket(self.request, server_side=True)
            startup = self.message()
            words = startup[4:].rstrip(b"\0").split(b"\0")
            user = dict(zip(words[::2], words[1::2]))[b"user"].decode()
            self.request.sendall(door.CLEARTEXT)
            assert self.exactly(1) == b"p"
            token = self.message().rstrip(b"\0").decode()
            door.seen.append(token)
            if not door.judge(user, token):
                return self.refuse("28000", f'PAM authentication failed for user "{user}"')
            with socket.create_connection(door.target, timeout=60) as onward:
                onward.sendall(struct.pack("!I", len(startup) + 4) + startup)
                back = threading.Thread(target=self.pass_on, args=(onward, self.request), daemon=True)
                back.start()
                self.pass_on(self.request, onward)
                back.join(60)

        @staticmethod
        def pass_on(source, target):
            try:
                while part := source.recv(65536):
                    target.sendall(part)
                target.shutdown(socket.SHUT_WR)
            except OSError:
                pass

    def __init__(self, target, certificate, judge):
        super().__init__(("127.0.0.1", 0), self.Asked)
        self.target, self.judge, self.seen = target, judge, []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(self.context)
        self.serve()


class Container(Threads):
    """Hands out the job's own credentials as ECS and EKS do, to the one who knows the token."""

    def __init__(self, token, keys):
        class Asked(Handler):
            def do_GET(self):
                known = self.headers.get("Authorization") == token
                return self.answer(*((200, json.dumps(keys).encode()) if known else (401, b"{}")))

        super().__init__(("127.0.0.1", 0), Asked)
        self.serve()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/credentials"


class ProxyHandler(Handler):
    def allowed(self):
        wanted = self.server.credentials
        if not wanted:
            return True
        shown = self.headers.get("Proxy-Authorization", "")
        return shown == "Basic " + base64.b64encode(wanted.encode()).decode()

    def do_CONNECT(self):
        self.server.note(f"CONNECT {self.path}")
        if not self.allowed():
            return self.answer(407, b"", [("Proxy-Authenticate", "Basic")])
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=30) as onward:
            self.send_response_only(200)
            self.end_headers()
            self.relay(onward)
        self.close_connection = True
        return None

    def relay(self, onward):
        pair = {self.connection: onward, onward: self.connection}
        while True:
            ready, _, _ = select.select(list(pair), [], [], 60)
            for one in ready or [None]:
                data = one.recv(65536) if one else b""
                if not data:
                    return
                self.server.tap("tunnel", data)
                pair[one].sendall(data)

    def handle_any(self):
        parts = urlsplit(self.path)
        self.server.note(f"{self.command} {parts.netloc}")
        if not self.allowed():
            return self.answer(407, b"", [("Proxy-Authenticate", "Basic")])
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        body = self.body()
        self.server.tap("clear", str(self.headers).encode() + body)
        status, content, headers = self.onward(parts.hostname, parts.port, path or "/", body)
        self.server.tap("clear", content)
        return self.answer(status, content, headers)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class Proxy(Threads):
    """A forward proxy that remembers what it was asked, and every byte that it sees."""

    def __init__(self, credentials=None):
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.credentials, self.asked, self.bytes = credentials, [], {"tunnel": bytearray(), "clear": bytearray()}
        self.lock = threading.Lock()
        self.serve()

    def note(self, line):
        with self.lock:
            self.asked.append(line)

    def tap(self, kind, data):
        with self.lock:
            self.bytes[kind] += data

    @property
    def url(self):
        user = f"{self.credentials}@" if self.credentials else ""
        return f"http://{user}127.0.0.1:{self.port}"
