"""The time of a limit's reset in every form: always a number of seconds that can be computed with."""

import pytest

from segflux_nb.service.moments import LONGEST_WAIT, read_date, retry_after, timestamp

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


@pytest.mark.parametrize(
    "text",
    [
        "30",
        "30.0",
        "1800000030",
        "1800000030.0",
        "1800000030000",
        "1800000030000000",
        "1800000030000000000",
        "2027-01-15T08:00:30Z",
        "2027-01-15T08:00:30.000+00:00",
        "2027-01-15T13:30:30+05:30",
        "2027-01-15 08:00:30",
        "2027-01-15 08:00:30 UTC",
        "2027-01-15 08:00:30GMT",
        "20270115T080030Z",
        "Fri, 15 Jan 2027 08:00:30 GMT",
        "Friday, 15-Jan-27 08:00:30 GMT",
        "Fri Jan 15 08:00:30 2027",
    ],
)
@pytest.mark.parametrize("name", ["retry-after", "x-rate-limit-reset-at-utc"])
def test_half_a_minute_in_every_form(name, text):
    assert retry_after({name: text}, NOW) == pytest.approx(30)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("inf", LONGEST_WAIT),
        ("Infinity", LONGEST_WAIT),
        ("-inf", 0),
        ("1e308", LONGEST_WAIT),
        ("9" * 400, LONGEST_WAIT),
        ("9999-12-31T23:59:59Z", LONGEST_WAIT),
        ("9999-12-31T23:59:59-23:59", LONGEST_WAIT),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_WAIT),
        ("253402300799", LONGEST_WAIT),
        ("0001-01-01T00:00:00+23:59", 0),
        ("1970-01-01T00:00:00Z", 0),
        ("-5", 0),
        ("0", 0),
        ("nan", None),
        ("soon", None),
        ("", None),
        ("5, 10", None),
        ("9-" * 5000, None),
        ("2027-13-40T25:61:61Z", None),
    ],
)
@pytest.mark.parametrize("name", ["retry-after", "x-rate-limit-reset-at-utc"])
def test_absurd_moments_are_finite_waits(name, text, seconds):
    assert retry_after({name: text}, NOW) == seconds


def test_a_number_in_retry_after_is_seconds_and_an_old_moment_of_reset_is_past():
    assert retry_after({"retry-after": "946684799"}, NOW) == LONGEST_WAIT
    assert retry_after({"x-rate-limit-reset-at-utc": "946684799"}, NOW) == 0


@pytest.mark.parametrize("skew", [-86_400, 86_400])
def test_one_wrong_clock_does_not_change_the_wait(skew):
    reset = {"x-rate-limit-reset-at-utc": "2027-01-15T08:00:30Z"}
    date = {"date": "Fri, 15 Jan 2027 08:00:00 GMT"}
    assert retry_after(reset | date, NOW + skew) == 30
    wrong = {"date": "Sat, 16 Jan 2027 08:00:00 GMT" if skew > 0 else "Thu, 14 Jan 2027 08:00:00 GMT"}
    assert retry_after(reset | wrong, NOW) == 30


@pytest.mark.parametrize("date", ["", "x", "9" * 400, "Fri, 31 Dec 9999 23:59:59 -2359", "Mon, 99 Foo 2027 99:99:99"])
def test_a_date_header_never_raises(date):
    found = read_date({"date": date})
    assert found is None or abs(found) < 1e12


@pytest.mark.parametrize("value", [None, [2027], 10**400, True, "0001-01-01T00:00:00+23:59", "\ud83d"])
def test_times_of_rows_never_raise(value):
    found = timestamp(value)
    assert found is None or abs(found) < 1e12
