"""Links with which a recipient shares a badge."""

from __future__ import annotations

from urllib.parse import quote

from ..values import ShareLink


def linkedin(certificate_url: str, public_url: str, badge_id: str) -> list[ShareLink]:
    """Return the links to add the badge to a LinkedIn profile and to write a post about it."""
    return [
        ShareLink(
            "linkedin",
            "https://www.linkedin.com/profile/add?startTask=CERTIFICATION_NAME"
            f"&certUrl={quote(certificate_url, safe='')}&certId={quote(badge_id, safe='')}",
        ),
        ShareLink("linkedin_post", linkedin_post(public_url)),
    ]


def linkedin_post(public_url: str) -> str:
    """Return LinkedIn's page to write a post about a page."""
    return f"https://www.linkedin.com/sharing/share-offsite/?url={quote(public_url, safe='')}"
