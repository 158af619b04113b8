import pytest
from hypothesis import given
from hypothesis import strategies as st

from badgerelay.adapters.http.hosts import base_url


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("api.credly.com", "https://api.credly.com"),
        (" API.Credly.com ", "https://api.credly.com"),
        ("https://api.credly.com/", "https://api.credly.com"),
        ("api.example.org:8443", "https://api.example.org:8443"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("127.0.0.1:8443", "https://127.0.0.1:8443"),
    ],
)
def test_https_is_implied_and_http_is_for_this_machine(host: str, url: str) -> None:
    assert base_url(host) == url


@pytest.mark.parametrize(
    "host",
    [
        "",
        "http://api.credly.com",
        "http://127.0.0.1.example.org",
        "http://localhost@api.example.org",
        "http://10.0.0.1",
        "https://user:password@api.credly.com",
        "https://api.credly.com/v1",
        "https://api.credly.com?x=1",
        "https://api.credly.com#x",
        "ftp://api.credly.com",
        "api.credly.com:99999",
        "api.credly.com:0",
        "api credly.com",
        "api.credly.com\nx",
        "https://",
        "https://[::1",
    ],
)
def test_anything_else_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match=r"host|http"):
        base_url(host)


@given(st.text(max_size=60))
def test_any_text_is_a_base_url_or_a_value_error(host: str) -> None:
    try:
        url = base_url(host)
    except ValueError:
        return
    assert base_url(url) == url
