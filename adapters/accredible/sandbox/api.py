"""The endpoints of Accredible's API."""

from __future__ import annotations

from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue

from .objects import bulk_object, credential_object, found_object, group_object, issuer_object
from .records import Refusal
from .searching import cursor_after, matching, start_of
from .world import World

MOST_IN_A_BATCH = 30
OFFSET_END = 10_000


def add_api(app: Flask, world: World) -> None:
    _add_account(app, world)
    _add_credentials(app, world)
    _add_search(app, world)
    _add_batches(app, world)


def _body(key: str | None = None) -> dict[str, Any]:
    """Return the JSON object of the request, or the one under a key of it.

    :raises Refusal: 400.
    """
    document = request.get_json(force=True, silent=True)
    found = document.get(key) if key and isinstance(document, dict) else document
    if not isinstance(found, dict):
        raise Refusal(400, f"{key or 'body'} is missing")
    return found


def _web() -> str:
    return request.host_url.rstrip("/")


def _add_account(app: Flask, world: World) -> None:
    @app.get("/v1/issuer/details")
    def details() -> ResponseReturnValue:
        return jsonify(issuer=issuer_object(world.credits_left()))

    @app.post("/v1/issuer/groups/search")
    def search_groups() -> ResponseReturnValue:
        wanted = _body()
        size = min(_number(wanted, "page_size", 50), world.knobs.page_size)
        number = _number(wanted, "page", 1)
        groups = [group_object(each, allow_duplicates=world.knobs.allow_duplicates) for each in world.groups()]
        pages = max(-(-len(groups) // size), 1)
        shown = groups[(number - 1) * size : number * size]
        if number >= pages:
            shown = shown[: len(shown) - world.knobs.list_loses]
        return jsonify(
            groups=shown,
            meta={
                "current_page": number,
                "next_page": number + 1 if number < pages else None,
                "prev_page": number - 1 if number > 1 else None,
                "total_pages": pages,
                "total_count": len(groups),
            },
        )


def _number(wanted: dict[str, Any], key: str, default: int) -> int:
    value = wanted.get(key, default)
    return value if type(value) is int and value > 0 else default


def _add_credentials(app: Flask, world: World) -> None:
    def shown(credential: Any) -> ResponseReturnValue:
        return jsonify(credential=credential_object(credential, world.knobs, _web()))

    @app.post("/v1/credentials")
    def create() -> ResponseReturnValue:
        return shown(world.issue(_body("credential")))

    @app.get("/v1/credentials/<id_>")
    def read(id_: str) -> ResponseReturnValue:
        return shown(world.credential(id_))

    @app.route("/v1/credentials/<id_>", methods=["PUT", "PATCH"])
    def change(id_: str) -> ResponseReturnValue:
        changed = world.change(id_, _body("credential"))
        return shown(changed) if world.knobs.change_answer == "credential" else ("", 200)

    @app.delete("/v1/credentials/<id_>")
    def delete(id_: str) -> ResponseReturnValue:
        return shown(world.delete(id_))


def _add_search(app: Flask, world: World) -> None:
    @app.post("/v2/credentials/search")
    def search() -> ResponseReturnValue:
        wanted = _body()
        query, page = wanted.get("query"), wanted.get("page") or {}
        if not isinstance(query, dict):
            raise Refusal(400, "query is missing")
        found = matching(world, query)
        if (wanted.get("sort") or {}).get("issued_on"):
            found.sort(key=lambda each: each.issued_on, reverse=wanted["sort"]["issued_on"] == "desc")
        start, size = start_of(page), min(_number(page, "size", 50), world.knobs.page_size)
        if "cursor" not in page and start + size > OFFSET_END:
            raise Refusal(400, f"from + size is {OFFSET_END} at most")
        shown = [found_object(each) for each in found[start : start + size]]
        cursor = cursor_after(start + len(shown)) if shown else None
        return jsonify(credentials=shown, meta={"count": len(found), "from": start, "size": size, "cursor": cursor})


def _add_batches(app: Flask, world: World) -> None:
    @app.post("/v2/credentials/bulk_create")
    def bulk() -> ResponseReturnValue:
        items = _body().get("credentials")
        if not isinstance(items, list) or not 1 <= len(items) <= MOST_IN_A_BATCH:
            raise Refusal(400, f"a batch has 1 to {MOST_IN_A_BATCH} credentials")
        results = [_result(world, item if isinstance(item, dict) else {}) for item in items]
        made = [each for each in results if "credential" in each]
        if len(made) == len(results) and not any(world.knobs.errors_key in each for each in results):
            return _all_well(world, made)
        return jsonify(results=results), 207 if made else 422


def _all_well(world: World, results: list[dict[str, Any]]) -> ResponseReturnValue:
    if world.knobs.bulk_ok == "empty":
        return "", 200
    if world.knobs.bulk_ok == "credentials":
        return jsonify(credentials=[each["credential"] for each in results])
    return jsonify(results=results)


def _result(world: World, item: dict[str, Any]) -> dict[str, Any]:
    knobs = world.knobs
    try:
        credential = world.issue(item)
    except Refusal as refusal:
        detail = {"property": refusal.property, knobs.detail_key: refusal.message}
        error = {"code": "credential_invalid", "message": "The credential is not valid", "details": [detail]}
        return {knobs.errors_key: error}
    result: dict[str, Any] = {"credential": bulk_object(credential, knobs, _web())}
    if not credential.approve:
        message = "The credential was created but not published."
        result[knobs.errors_key] = {"code": "insufficient_credits", "message": message}
    return result
