# SPDX-License-Identifier: Apache-2.0
"""The computed public holidays against two independent packages, day by day."""
import datetime
import subprocess

import pytest


@pytest.fixture(scope="module")
def ours(tool):
    lines = subprocess.run([tool, "holidays", "2000", "2099"], check=True, capture_output=True, text=True).stdout
    return {datetime.date.fromisoformat(line[:10]): line[11:] for line in lines.splitlines()}


def test_every_day_is_that_of_holidays(ours):
    holidays = pytest.importorskip("holidays")
    theirs = holidays.Japan(years=range(2000, 2100), language="ja")
    assert set(ours) == set(theirs)


def test_every_day_and_name_is_that_of_jpholiday(ours):
    jpholiday = pytest.importorskip("jpholiday")
    theirs = {day: name for year in range(2000, 2051) for day, name in jpholiday.year_holidays(year)}
    assert {day for day in ours if day.year <= 2050} == set(theirs)
    for day, name in theirs.items():  # "山の日 振替休日", and one name in short
        assert name.endswith(ours[day]) or ours[day].startswith(name), f"{day}: {ours[day]}, there {name}"
