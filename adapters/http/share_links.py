"""Links with which a recipient shows a badge elsewhere."""

from __future__ import annotations

from urllib.parse import quote

from ..values import ShareLink


def linkedin(certificate_url: str, public_url: str, badge_id: str) -> list[ShareLink]:
    """The profile and a post. The badge's page says the rest: LinkedIn may fill in none of it."""
    return [
        ShareLink(
            "linkedin",
            "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME"
            f"&certUrl={quote(certificate_url, safe='')}&certId={quote(badge_id, safe='')}",
        ),
        ShareLink("linkedin_post", linkedin_post(public_url)),
    ]


def linkedin_post(public_url: str) -> str:
    """Where a post about a page is written."""
    return f"https://www.linkedin.com/sharing/share-offsite/?url={quote(public_url, safe='')}"
