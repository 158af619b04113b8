"""The languages of Credly's e-mails: https://www.credly.com/docs/issued_badges."""

LOCALES = ("en", "fr", "de", "ko", "ja", "zh-CN", "pt", "es-ES", "es-US", "fr-CA", "pt-BR")

_BY_LOWER = {locale.lower(): locale for locale in LOCALES}
_SPAIN = {"es", "ea", "ic", "gq"}
_TRADITIONAL = {"hant", "tw", "hk", "mo"}


def credly_locale(tag: str | None) -> str | None:
    """Credly's locale for a BCP 47 tag, or None where it has none and its default (English) applies.

    Exact where Credly has the region, else the language: ``fr-FR`` gives ``fr``. Spanish of the Americas gives
    ``es-US``. Traditional Chinese gives None: Credly's Chinese is the simplified one.
    """
    language, *rest = (tag or "").strip().replace("_", "-").lower().split("-")
    parts = set(rest)
    if language == "es":
        return "es-ES" if not parts or parts & _SPAIN else "es-US"
    if language == "zh":
        return None if parts & _TRADITIONAL and "hans" not in parts else "zh-CN"
    for region in rest:
        if exact := _BY_LOWER.get(f"{language}-{region}"):
            return exact
    return _BY_LOWER.get(language)
