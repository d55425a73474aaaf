"""Bytes to text: marks, declarations, headers, detection, and each of them lying."""

from __future__ import annotations

import codecs
from encodings.aliases import aliases

import pytest

from monitor.sources.charset import decode
from monitor.sources.parse import read
from monitor.sources.reduce import Document

KOREAN = ["딥시크 충격에 엔비디아 주가 17% 급락", "삼성전자·SK하이닉스 동반 하락", "코스피 하락 마감, 외국인 순매도"]
CHINESE = ["深度求索发布新模型，英伟达股价大跌", "阿里巴巴推出新的大模型", "美股科技股全线重挫"]
TRADITIONAL = ["深度求索發布新模型，輝達股價大跌", "台積電第三季營收創新高", "美股科技股全面重挫"]
JAPANESE = ["ディープシークの新モデルで半導体株が急落", "日経平均株価は続落", "ソフトバンクグループの株価が下落"]
OTHERS = [
    "Акции обвалились после новости",
    "Οι μετοχές έπεσαν μετά την είδηση",
    "המניות צנחו אחרי הידיעה",
    "انخفضت الأسهم بعد الخبر",
    "หุ้นร่วงหลังข่าว",
    "Haberin ardından hisseler düştü",
    "Kurs spółki spadł, strata rośnie",
    "Société Générale en hausse",
]
WESTERN = ["Nvidia’s shares fell — “a shock”", "Société Générale: résultats en hausse", "Börse fällt, Zölle drohen"]

ENCODINGS = [
    ("euc-kr", "cp949", "ko", KOREAN),
    ("gb2312", "gb18030", "zh-CN", CHINESE),
    ("gb18030", "gb18030", "zh-CN", CHINESE),
    ("big5", "big5", "zh-TW", TRADITIONAL),
    ("shift_jis", "cp932", "ja", JAPANESE),
    ("euc-jp", "euc_jp", "ja", JAPANESE),
    ("windows-1252", "cp1252", "fr", WESTERN),
    ("iso-8859-1", "cp1252", "fr", WESTERN),
]
# For each character set the first that it can write; all can write the last.
SAMPLES = [*(each[0] for each in (KOREAN, CHINESE, TRADITIONAL, JAPANESE, WESTERN)), *OTHERS, "Nvidia falls"]
# Of seven bits, and not read: what they write is ASCII, and is shown as that.
LIKE_ASCII = {"utf_7", *(f"iso2022_jp_{form}" for form in ("1", "2", "2004", "3", "ext"))}


def feed(titles: list[str], declaration: str = "") -> str:
    items = "".join(
        f"<item><title>{title}</title><link>https://example.com/{n}</link></item>" for n, title in enumerate(titles)
    )
    return f'{declaration}<rss version="2.0"><channel><title>wire</title>{items}</channel></rss>'


def titles(body: bytes, content_type: str | None = None, language: str = "") -> list[str]:
    result = read(body, content_type=content_type, url="https://example.com/", known=frozenset(), language=language)
    assert isinstance(result, Document), result
    return [entry.title for entry in result.entries]


@pytest.mark.parametrize(("name", "codec", "language", "expected"), ENCODINGS)
@pytest.mark.parametrize(
    "says", ["declaration", "header", "both", "nobody", "nobody, and the header is the server's default"]
)
def test_legacy_character_sets(name: str, codec: str, language: str, expected: list[str], says: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{name}"?>' if says in ("declaration", "both") else ""
    header = {"header": f"text/xml; charset={name}", "both": f'text/xml; charset="{name}"'}.get(says, "text/xml")
    if says.endswith("default"):
        header = "text/html; charset=ISO-8859-1"
    assert titles(feed(expected, declaration).encode(codec), header) == expected


@pytest.mark.parametrize(("name", "codec", "language", "expected"), ENCODINGS)
def test_one_short_title_is_enough_where_the_language_is_known(
    name: str, codec: str, language: str, expected: list[str]
) -> None:
    assert titles(feed(expected[:1]).encode(codec), "text/xml", language) == expected[:1]


@pytest.mark.parametrize(("name", "codec", "language", "expected"), ENCODINGS)
def test_a_declaration_of_utf_8_that_lies(name: str, codec: str, language: str, expected: list[str]) -> None:
    body = feed(expected, '<?xml version="1.0" encoding="utf-8"?>').encode(codec)
    assert titles(body, "text/xml; charset=utf-8") == expected
    assert "declared as utf-8" in (decode(body, "text/xml; charset=utf-8").damaged or "")


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("marked", [True, False])
@pytest.mark.parametrize("expected", [KOREAN, CHINESE, WESTERN])
def test_wide_characters_with_and_without_a_mark(codec: str, *, marked: bool, expected: list[str]) -> None:
    text = feed(expected, '\n<?xml version="1.0" encoding="utf-16"?>' if not marked else "")
    mark = "\ufeff" if marked else ""
    assert titles((mark + text).encode(codec), "text/xml; charset=utf-8") == expected


@pytest.mark.parametrize(
    "lie", ["iso-8859-1", "euc-kr", "gb2312", "us-ascii", "utf-16", "nonsense", "punycode", "utf-7"]
)
@pytest.mark.parametrize("expected", [KOREAN, CHINESE, WESTERN])
def test_utf_8_is_utf_8_whatever_it_is_declared_as(lie: str, expected: list[str]) -> None:
    body = feed(expected, f'<?xml version="1.0" encoding="{lie}"?>').encode()
    assert titles(body, f"text/xml; charset={lie}") == expected


def _can_write(codec: str, text: str) -> bool:
    try:
        return text.encode(codec).decode(codec) == text
    except (LookupError, UnicodeError):
        return False


@pytest.mark.parametrize("codec", sorted(name for name in set(aliases.values()) if _can_write(name, "a")))
def test_no_character_set_is_misread_without_a_word(codec: str) -> None:
    """It is read as it was written, or the document is said to be damaged, or to be no feed."""
    title = next(sample for sample in SAMPLES if _can_write(codec, sample))
    body = feed([title], f'<?xml version="1.0" encoding="{codec}"?>').encode(codec)
    result = read(body, content_type=None, url="https://example.com/", known=frozenset())
    if isinstance(result, Document) and result.damaged is None and codec not in LIKE_ASCII:
        assert [entry.title for entry in result.entries] == [title]


def test_utf_7_smuggles_no_markup() -> None:
    hidden = "a</title><link>https://evil.example/</link><title>b".encode("utf-7").decode().replace("<", "+ADw-")
    assert titles(feed([hidden], '<?xml version="1.0" encoding="utf-7"?>').encode()) == [hidden]


def test_a_mark_of_utf_8_before_other_text_is_not_believed() -> None:
    assert titles(codecs.BOM_UTF8 + feed(KOREAN).encode("cp949")) == KOREAN
    assert titles(codecs.BOM_UTF8 + feed(KOREAN).encode()) == KOREAN


def test_utf_8_with_a_character_cut_in_the_middle_stays_utf_8_and_says_so() -> None:
    body = feed(KOREAN).encode()
    cut = body.replace("급락".encode(), "급락".encode()[:-1])
    result = titles(cut, "text/xml; charset=utf-8")
    assert result[0].startswith("딥시크 충격에 엔비디아 주가 17% 급")
    assert result[1:] == KOREAN[1:]
    assert decode(cut).damaged == "1 places are not valid utf-8"


def test_euc_kr_with_a_broken_character_stays_euc_kr_and_says_so() -> None:
    body = feed(KOREAN * 3, '<?xml version="1.0" encoding="euc-kr"?>').encode("cp949")
    decoded = decode(body.replace("급락".encode("cp949"), "급".encode("cp949") + b"\xff", 1))
    assert KOREAN[1] in decoded.text
    assert "cp949" in (decoded.damaged or "")


def test_a_few_characters_of_euc_kr_that_happen_to_be_utf_8_are_what_they_are_declared_as() -> None:
    body = feed(["짜"], '<?xml version="1.0" encoding="euc-kr"?>').encode("cp949")
    assert "¥" in body.decode("utf-8")
    assert titles(body) == ["짜"]


def test_characters_beyond_the_declared_set_but_in_its_superset() -> None:
    body = feed(["똠방각하 펲시"], '<?xml version="1.0" encoding="ks_c_5601-1987"?>').encode("cp949")
    assert titles(body) == ["똠방각하 펲시"]


def test_iso_2022_jp_is_read_though_it_is_ascii() -> None:
    assert titles(feed(JAPANESE, '<?xml version="1.0" encoding="iso-2022-jp"?>').encode("iso2022_jp")) == JAPANESE


def test_what_is_no_text_at_all_is_replaced_not_raised() -> None:
    assert decode(bytes(range(256)) * 40, "text/xml; charset=utf-8").damaged
    assert decode(b"\xff\xfe\x00", None).text
    assert decode(b"", None).text == ""
