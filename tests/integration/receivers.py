"""Who gets notifications: a web server that misbehaves as it is told, and a mail server."""

import http.server
import json
import pathlib
import re
import socketserver
import threading

DOCUMENT = pathlib.Path(__file__).resolve().parents[2] / "docs" / "notifications.md"


def documented_verification():
    """The receiver's code of docs/notifications.md: verified(secret, headers, body)."""
    names = {}
    exec(re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[1], names)  # noqa: S102
    return names["verified"]


class Receiver:
    """Answers each POST by the next word of its script, and with 200 when there is none:
    a number is a status, "redirect" points to /elsewhere, "close" says nothing, "hang" answers when released."""

    def __init__(self, script=()):
        self.script = list(script)
        self.requests = []
        self.released = threading.Event()
        self.lock = threading.Lock()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    word = receiver.script.pop(0) if receiver.script else 200
                    receiver.requests.append({"path": self.path, "headers": dict(self.headers), "body": body,
                                              "answer": word})
                if word == "close":
                    self.close_connection = True
                    return
                if word == "hang":
                    receiver.released.wait(60)
                    word = 200
                self.send_response(302 if word == "redirect" else word)
                if word == "redirect":
                    self.send_header("Location", "/elsewhere")
                text = b"the receiver says " + str(word).encode()
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Web(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # a client that gave up is what some tests want

        self.server = Web(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    @property
    def events(self):
        return [json.loads(request["body"]) for request in self.requests]

    def stop(self):
        self.released.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class MailServer:
    """As much of SMTP (RFC 5321) as a client needs that only wants to deliver."""

    def __init__(self):
        self.mails = []
        mails = self.mails

        class Handler(socketserver.StreamRequestHandler):
            def say(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                self.say("220 mail.test ESMTP")
                mail = {"recipients": []}
                while line := self.rfile.readline():
                    word = line.decode().strip()
                    upper = word.upper()
                    if upper.startswith("EHLO"):
                        self.say("250 mail.test")
                    elif upper.startswith("MAIL FROM:"):
                        mail["from"] = word[10:].split()[0].strip("<>")
                        self.say("250 ok")
                    elif upper.startswith("RCPT TO:"):
                        mail["recipients"].append(word[8:].strip("<>"))
                        self.say("250 ok")
                    elif upper == "DATA":
                        self.say("354 go on")
                        data = b""
                        while not data.endswith(b"\r\n.\r\n"):
                            data += self.rfile.readline()
                        mail["data"] = data[:-5]
                        mails.append(mail)
                        self.say("250 taken")
                    elif upper == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        self.say("502 not here")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    @property
    def url(self):
        return f"smtp://127.0.0.1:{self.server.server_address[1]}"

    def stop(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
