"""The pages that a badge's addresses lead to; just enough to see that they do."""

from flask import Flask, render_template_string
from flask.typing import ResponseReturnValue

from .world import World

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<title>{{ badge.template.name }} was issued by {{ issuer }} to {{ badge.first_name }} {{ badge.last_name }}.</title>
</head><body><h1>{{ badge.template.name }}</h1><p>{{ badge.first_name }} {{ badge.last_name }}, {{ badge.state }}</p>
<p>A local sandbox made this page. It is not Credly.</p></body></html>
"""


def add_pages(app: Flask, world: World) -> None:
    def page(badge_id: str) -> ResponseReturnValue:
        badge = world.badge("", badge_id)
        return render_template_string(_PAGE, badge=badge, issuer=world.organizations[badge.organization_id].name)

    for rule in ("/badges/<badge_id>", "/embedded_badge/<badge_id>"):
        app.add_url_rule(rule, rule, page)
    for verb in ("public_url", "accept", "linked_in_profile"):
        app.add_url_rule(f"/badges/<badge_id>/{verb}", f"badge_{verb}", page)
