"""What somebody would write in Python: csv, phonenumbers, sqlite3. Prints the seconds that a file took.

python3 peer.py FILE DATABASE
"""

import csv
import sqlite3
import sys
import time

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

UPSERT = """
INSERT INTO contacts (phone, name, email, tags, opted_in) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (phone) DO UPDATE SET name = excluded.name, email = excluded.email, tags = excluded.tags
"""


def main(file: str, database: str) -> None:
    store = sqlite3.connect(database, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = FULL")
    store.execute("CREATE TABLE contacts (phone TEXT PRIMARY KEY, name TEXT, email TEXT, tags TEXT, opted_in INTEGER)")
    begin = time.perf_counter()
    refused = 0
    with open(file, newline="", encoding="utf-8") as rows:
        store.execute("BEGIN")
        for count, row in enumerate(csv.DictReader(rows), 1):
            try:
                number = phonenumbers.parse(row["phone"], None)
            except NumberParseException:
                refused += 1
                continue
            if not phonenumbers.is_possible_number(number):
                refused += 1
                continue
            phone = phonenumbers.format_number(number, PhoneNumberFormat.E164)
            store.execute(UPSERT, (phone, row["name"], row["email"], row["tags"], row["optedIn"] == "true"))
            if count % 2_000 == 0:
                store.execute("COMMIT")
                store.execute("BEGIN")
        store.execute("COMMIT")
    print(time.perf_counter() - begin)
    print(f"refused {refused}", file=sys.stderr)


main(*sys.argv[1:])
