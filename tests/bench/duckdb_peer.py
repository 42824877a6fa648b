# SPDX-License-Identifier: Apache-2.0
"""DuckDB with one thread: the files of the days into one Parquet file in the order of owner and time, and questions to it.
    duckdb_peer.py ingest DAYS PARQUET | query DAYS PARQUET QUESTIONS.json"""
import json
import os
import pathlib
import sys
import time

import duckdb

COLUMNS = "{'owner': 'VARCHAR', 'time': 'BIGINT', 'line': 'VARCHAR'}"


def rss_anon_mib():
    status = pathlib.Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1024


def connect(parquet):
    database = duckdb.connect()
    database.execute("SET threads = 1")
    database.execute(f"SET temp_directory = '{parquet}.tmp'")
    return database


def ingest(days, parquet):
    database = connect(parquet)
    source = f"read_csv('{days}/*.tsv', delim='\t', header=false, quote='', escape='', columns={COLUMNS})"
    begun = time.process_time()
    database.execute(f"COPY (SELECT * FROM {source} ORDER BY owner, time) TO '{parquet}' (FORMAT parquet, COMPRESSION zstd)")
    cpu_s = time.process_time() - begun
    size = database.execute(f"SELECT sum(strlen(line)) FROM '{parquet}'").fetchone()[0]
    return {"bytes": int(size), "cpu_s": cpu_s, "disk": os.stat(parquet).st_blocks * 512, "rss_anon_mib": rss_anon_mib()}


def query(parquet, questions):
    database = connect(parquet)
    database.execute("SET enable_object_cache = true")  # does not read the footer anew each time
    times, records, size = [], 0, 0
    for number, (owner, begin, end) in enumerate(questions):
        begun = time.perf_counter()
        rows = database.execute(f"SELECT line FROM '{parquet}' WHERE owner = ? AND time BETWEEN ? AND ?",
                                [owner, begin, end]).fetchall()
        times.append((time.perf_counter() - begun) * 1000)
        records += len(rows)
        size += sum(len(row[0].encode()) for row in rows)
    times.sort()
    return {"p50_ms": times[len(times) // 2], "p99_ms": times[len(times) * 99 // 100], "records": records, "bytes": size}


if __name__ == "__main__":
    what, days, parquet = sys.argv[1:4]
    answer = ingest(days, parquet) if what == "ingest" else query(parquet, json.loads(pathlib.Path(sys.argv[4]).read_text()))
    print(json.dumps(answer))
