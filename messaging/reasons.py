"""Why somebody got a mail, whether it may be turned off, and where an answer goes: the end of every mail."""

from __future__ import annotations

from collections.abc import Mapping

from flows.rules.notices import KINDS

SENTENCES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "task": "You get this email because of {title} ({ref}).",
        "order": "You get this email because of order {ref} for {title}.",
        "sign-in": "You get this email because somebody asked to sign in with this address.",
        "invitation": "You get this email because somebody gave us this address to invite you.",
        "unread": "You get this email, at most once a day, because messages wait for you.",
        "other": "You get this email because you have an account with {brand}.",
        "always": "It belongs to what you have with us, so it always comes.",
        "choice": "You may choose whether emails like this come.",
        "turn-off": "Turn emails like this off",
        "answer": "You can reply: your answer reaches {address}.",
    },
    "cy": {
        "task": "Rydych yn cael yr e-bost hwn oherwydd {title} ({ref}).",
        "order": "Rydych yn cael yr e-bost hwn oherwydd archeb {ref} ar gyfer {title}.",
        "sign-in": "Rydych yn cael yr e-bost hwn oherwydd bod rhywun wedi gofyn am fewngofnodi gyda'r cyfeiriad hwn.",
        "invitation": "Rydych yn cael yr e-bost hwn oherwydd bod rhywun wedi rhoi'r cyfeiriad i ni i'ch gwahodd.",
        "unread": "Rydych yn cael yr e-bost hwn, unwaith y dydd ar y mwyaf, oherwydd bod negeseuon yn aros amdanoch.",
        "other": "Rydych yn cael yr e-bost hwn oherwydd bod gennych gyfrif gyda {brand}.",
        "always": "Mae'n rhan o'r hyn sydd gennych gyda ni, felly mae bob amser yn dod.",
        "choice": "Chi sy'n dewis a yw negeseuon e-bost fel hyn yn dod.",
        "turn-off": "Diffodd negeseuon e-bost fel hyn",
        "answer": "Gallwch ateb: bydd eich ateb yn cyrraedd {address}.",
    },
}


def sentences_in(language: str) -> Mapping[str, str]:
    """The sentences in that language, else in its base language, else in English."""
    for tried in (language, language.partition("-")[0]):
        if tried in SENTENCES:
            return SENTENCES[tried]
    return SENTENCES["en"]


TITLES: Mapping[str, Mapping[str, str]] = {
    "cy": {
        "task-waiting": "Mae tasg yn aros amdanoch",
        "reminder": "Nodyn atgoffa cyn y dyddiad cau",
        "changes-needed": "Mae angen newidiadau",
        "message": "Neges newydd",
        "progress": "Newyddion am eich ceisiadau",
        "outcome": "Mae cais wedi'i gwblhau neu ei gau",
        "order": "Eich archebion",
        "payment": "Taliadau a derbynebau",
        "test": "Mae hysbysiadau yn cyrraedd y ddyfais hon",
    }
}
"""What a push says of its kind, where it is not what the page of preferences calls it in English."""


def title_in(language: str, kind: str) -> str:
    """The title of a kind in that language, else in English."""
    translated = TITLES.get(language.partition("-")[0], {})
    return translated.get(kind) or ("Pushes reach this device" if kind == "test" else KINDS[kind].title)
