"""The log line of a download."""

from runtime.http.transfers import FailedRequest, Transfer


def test_a_line_summarizes_many_failed_requests():
    failures = [FailedRequest(n * 1000, "connection reset", 1.0) for n in range(60)]
    failures += [FailedRequest(60_000, "answered 503", 2.0)] * 10
    transfer = Transfer("https://h/a", 60_000, 71, 3700.0, tuple(failures), failure="answered 503")
    assert transfer.line() == (
        "https://h/a: failed: answered 503; 60.0 kB in 1:01:40, 71 requests: "
        "connection reset at 0 B, waited 1.0 s; connection reset at 1.0 kB, waited 1.0 s; "
        "connection reset at 2.0 kB, waited 1.0 s; connection reset at 3.0 kB, waited 1.0 s; "
        "66 more, waited 76.0 s"
    )
