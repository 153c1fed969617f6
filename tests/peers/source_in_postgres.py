"""The sandbox's source register, copied into the PostgreSQL server that BESTAND_TEST_POSTGRES_URL names."""

import csv
import io
import os
import sqlite3
import subprocess
from urllib.parse import quote, urlsplit


class SourceInPostgres:
    """A database of its own with the rows of itk.db, and a user of its own with a password."""

    def __init__(self, folder, password="password-of-itk-1"):
        self.folder, self.password = folder, password
        self.admin = os.environ["BESTAND_TEST_POSTGRES_URL"]
        self.user = self.database = "peer_" + "".join(c if c.isalnum() else "_" for c in os.path.basename(folder)).lower()
        parts = urlsplit(self.admin)
        self.place = f"{parts.hostname}:{parts.port}/{self.database}"

    @property
    def quoted(self):
        return quote(self.password, safe="")

    @property
    def url(self):
        return f"postgres://{self.user}@{self.place}"

    @property
    def url_with_password(self):
        return f"postgres://{self.user}:{self.quoted}@{self.place}"

    @property
    def server(self):
        parts = urlsplit(self.admin)
        return parts.hostname, parts.port

    def psql(self, sql, database=None, rows=None):
        url = self.admin if database is None else self.admin.rsplit("/", 1)[0] + "/" + database
        command = ["psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-c", sql, url]
        done = subprocess.run(command, input=rows or "", capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise AssertionError(f"psql: {done.stderr}")

    def __enter__(self):
        with sqlite3.connect(os.path.join(self.folder, "itk.db")) as source:
            names = [column[1] for column in source.execute("pragma table_info(assets)")]
            rows = source.execute("select * from assets").fetchall()
        text = io.StringIO()
        csv.writer(text).writerows([["\\N" if value is None else value for value in row] for row in rows])
        secret = self.password.replace("'", "''")
        self.psql(f"create role {self.user} login password '{secret}'")
        self.psql(f"create database {self.database} owner {self.user}")
        columns = ", ".join(f'"{name}" {"integer" if name == "is_aws" else "text"}' for name in names)
        self.psql(f"create table assets ({columns}); grant select on assets to {self.user}", self.database)
        self.psql("copy assets from stdin with (format csv, null '\\N')", self.database, text.getvalue())
        return self

    def let_iam_vouch(self):
        """As one does on Amazon RDS. Here the server trusts whom the door before it has let in."""
        self.psql("do $$ begin create role rds_iam; exception when duplicate_object then null; end $$")
        self.psql(f"grant rds_iam to {self.user}")

    def __exit__(self, *_):
        self.psql(f"drop database {self.database} with (force)")
        self.psql(f"drop role {self.user}")
