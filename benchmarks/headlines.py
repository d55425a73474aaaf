"""Headlines to match, in the languages of the shipped feeds: as they come, and such that each names several names."""

from __future__ import annotations

import random

PLAIN = (
    "Fed officials signal {n} months of patience as inflation eases in {place}",
    "Oil climbs {n}% after a storm shuts refineries near {place}, traders say",
    "{place} home sales rise for month {n}; mortgage demand picks up slightly – Reuters",
    "Airline cancels {n} flights as snow reaches {place}",
    "What {n} economists expect of the jobs report, and why bond yields may not care",
    "Retailer to close {n} stores in {place}, warns of weaker spring",
    "Opinion: {place}'s pension fund has {n} problems and none of them is new",
    "코스피, 외국인 매도에 2,5{n}선 하회…환율 부담 지속",
    "{place} 아파트값 {n}주 연속 하락, 거래량도 줄어",
    "정부, 설 연휴 물가 안정 대책 발표…성수품 {n}만톤 공급",
    "“올해 수출 {n}% 늘 것” 중소기업 설문 결과",
    "央行开展{n}亿元逆回购操作，利率持平",
    "{place}今年将新增{n}万套保障性住房",
    "日経平均は{n}円安、円高が重荷に",
    "{place}の百貨店売上高、{n}カ月連続で増加",
)
ONE = (
    "{a} shares slip {n}% before results",
    "Regulators in {place} look at {a} again",
    "{k} 주가 {n}% 하락…외국인 순매도",
    "{z}股价下跌{n}%",
    "DeepSeek tops app stores in {n} countries",
    "딥시크 이용자 {n}만 명 넘어",
)
SEVERAL = (
    "{a} and {b} slide as DeepSeek stokes doubts over AI spending",
    "DeepSeek's cheap model wipes ${n} billion off {a} in a day",
    "{a} leads chip rout, {b} falls {n}% as traders ask what Stargate is for - Bloomberg",
    "OpenAI answers DeepSeek with a cheaper model; {a} waits",
    "Export controls under review after {a} sold H800 chips to {place}",
    "딥시크 충격에 {k}·{l} {n}% 급락…나스닥 하락 마감",
    "{k} 시총 {n}조 증발, 오픈AI도 긴장",
    "深度求索冲击美股：{z}暴跌{n}%，{y}跟跌",
    "{z}股价走低，出口管制再受关注，DeepSeek登顶",
)
LATIN = (
    *("Nvidia", "Microsoft", "Oracle", "Broadcom", "Micron", "Alphabet", "Meta", "Amazon", "Apple", "Tesla", "AMD"),
    *("ASML", "TSMC", "Arm", "Marvell", "Vistra", "Siemens Energy", "SoftBank", "SK Hynix", "Samsung Electronics"),
)
KOREAN = ("엔비디아", "마이크로소프트", "오라클", "브로드컴", "마이크론", "삼성전자", "SK하이닉스", "메타", "애플")
CHINESE = ("英伟达", "微软", "甲骨文", "博通", "美光", "苹果", "亚马逊", "特斯拉", "台积电", "阿里巴巴")
PLACES = ("London", "Ohio", "Seoul", "서울", "부산", "上海", "東京", "Jakarta", "São Paulo", "Łódź")
MENTIONING = 0.15  # of what feeds of general business news carry


def as_they_come(count: int, *, seed: int = 27) -> list[str]:
    """Headlines of which some one in seven names anything."""
    chance = random.Random(seed)
    return [_filled(chance.choice(ONE if chance.random() < MENTIONING else PLAIN), chance) for _ in range(count)]


def crowded(count: int, *, seed: int = 27) -> list[str]:
    """Headlines that each name several topics and tickers."""
    chance = random.Random(seed)
    return [_filled(chance.choice(SEVERAL), chance) for _ in range(count)]


def _filled(pattern: str, chance: random.Random) -> str:
    names: dict[str, str] = {}
    for letters, choice in (("ab", LATIN), ("kl", KOREAN), ("zy", CHINESE)):
        names.update(zip(letters, chance.sample(choice, len(letters)), strict=True))
    return pattern.format(n=chance.randint(2, 99), place=chance.choice(PLACES), **names)
