"""The links of Reddit's submissions that WebText takes."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

_LINK = re.compile(r"https?://([^/?#\\\s]+)([^?#]*)", re.IGNORECASE)  # authority, path
# Control characters, line breaks, surrogates.
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
# The entities that Reddit writes; html.unescape would also change an unescaped ?a=1&copy=2.
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_SELF_POST = re.compile(rb'"is_self": ?true')
_SCORE = re.compile(rb'"score": ?(-?\d{1,18})[,}]')

_REDDIT = frozenset(
    {"reddit.com", "redd.it", "redditmedia.com", "redditstatic.com", "reddituploads.com"}
)
_MEDIA_HOSTS = """
    500px.com deviantart.com erome.com flic.kr flickr.com gfycat.com giphy.com gyazo.com ibb.co
    imgbb.com imgflip.com imgur.com instagram.com livememe.com magaimg.net memegenerator.net
    min.us minus.com photobucket.com pinterest.com postimg.cc postimg.org prnt.sc puu.sh
    quickmeme.com redgifs.com sli.mg tinypic.com twimg.com
    bitchute.com coub.com dailymotion.com liveleak.com oddshot.tv pornhub.com redtube.com
    rumble.com streamable.com tiktok.com twitch.tv vid.me video.google.com vimeo.com vine.co
    xhamster.com xvideos.com youtu.be youtube.com youtubedoubler.com
    audiomack.com bandcamp.com deezer.com itunes.apple.com mixcloud.com music.apple.com
    soundcloud.com spotify.com
"""
_FILE_ENDINGS = """
    ai apng avif bmp gif gifv heic jpeg jpg png psd svg tif tiff webp
    3gp avi flv m4v mkv mov mp4 mpeg mpg ogv qt ram swf webm wmv
    aac aif aiff flac m4a mid midi mp3 ogg opus wav wma
    doc docx epub mobi odt pdf pps ppt pptx rtf xls xlsx
    7z bz2 gz rar tar tgz xz zip apk app bin deb dmg exe iso jar msi pkg rpm
    css csv dat js log otf py sql ttf txt xml
"""
_MEDIA, _FILES = frozenset(_MEDIA_HOSTS.split()), frozenset(_FILE_ENDINGS.split())


class Refusal(Enum):
    """Why a line of a dump gives no link, in the order of the tests."""

    MALFORMED = "malformed"
    SELF_POST = "self posts"
    LOW_SCORE = "low score"
    NO_LINK = "no link, or to Reddit"
    WIKIPEDIA = "to Wikipedia"
    MEDIA = "to media and files"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The criteria for links."""

    min_score: int = 3
    keep_media: bool = False


def outbound_link(submission: Mapping[str, object], wanted: Wanted) -> str | Refusal:
    """The link of a submission, as the list has it, or why it is refused.

    Missing and invalid values are refused: a score that is not a number counts as low, a URL that
    is not text as no link.
    A crosspost has a score and a link of its own; its parents do not count.
    """
    if submission.get("is_self") is True:
        return Refusal.SELF_POST
    if not _score(submission.get("score")) >= wanted.min_score:
        return Refusal.LOW_SCORE
    url = submission.get("url")
    link = url.strip() if isinstance(url, str) else ""
    for entity, character in _ENTITIES.items():
        link = link.replace(entity, character)
    found = _LINK.match(link)
    host = found[1].lower().rpartition("@")[2].partition(":")[0].strip(".") if found else ""
    if not found or "." not in host or _UNWRITABLE.search(link) or _is_under(host, _REDDIT):
        return Refusal.NO_LINK
    if _is_under(host, {"wikipedia.org"}):
        return Refusal.WIKIPEDIA
    ending = found[2].rpartition(".")[2].lower()
    if (_is_under(host, _MEDIA) or ending in _FILES) and not wanted.keep_media:
        return Refusal.MEDIA
    return link


def _score(value: object) -> float:
    """The score as a number; minus infinity if it is none."""
    try:
        return float(value) if isinstance(value, int | float | str) else -math.inf
    except (ValueError, OverflowError):
        return -math.inf


def _is_under(host: str, domains: frozenset[str] | set[str]) -> bool:
    """True for the domains and their subdomains."""
    while host and host not in domains:
        host = host.partition(".")[2]
    return host != ""


def link_of_line(line: bytes, wanted: Wanted) -> str | Refusal:
    """`outbound_link` of a line of a dump; a line whose bytes show a refusal is not parsed.

    Such a line may be broken JSON and is still counted by that refusal, as a self post for example.
    """
    refusal = _refusal_by_bytes(line, wanted.min_score)
    if refusal is not None:
        return refusal
    try:
        submission = json.loads(line.decode())
    except (ValueError, RecursionError):
        return Refusal.MALFORMED
    return outbound_link(submission, wanted) if isinstance(submission, dict) else Refusal.MALFORMED


def _refusal_by_bytes(line: bytes, min_score: int) -> Refusal | None:
    """The refusal that a line's bytes show without parsing; None if they show none.

    Each submission has the keys `is_self` and `score` once, and only a crosspost holds other
    submissions. Within a JSON string the quotes around a key would be escaped.
    """
    if _SELF_POST.search(line):
        refusal = Refusal.SELF_POST
    elif (found := _SCORE.search(line)) and int(found[1]) < min_score:
        refusal = Refusal.LOW_SCORE
    else:
        return None
    return refusal if line.endswith(b"}") and b'"crosspost_parent' not in line else None
