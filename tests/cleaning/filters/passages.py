"""A passage in each of some languages, by its code in mC4; long enough for cld3."""

PASSAGES = {
    "en": "The last ferry to the island leaves the harbour at ten in the evening, and it does not "
    "sail on Sundays or holidays of any kind.",
    "de": "Die letzte Fähre zur Insel fährt um zehn Uhr ab, und sie fährt weder an Sonntagen noch "
    "an Feiertagen irgendeiner Art, außer im Sommer.",
    "ru": "Последний паром на остров отходит в десять часов вечера, и он не ходит по воскресеньям "
    "и праздникам.",
    "ja": "島への最終フェリーは夜十時に出ます。日曜日と祝日には運航しません。"
    "切符は港の窓口で買ってください。",
    "zh": "最后一班渡轮晚上十点开往小岛，星期天和节假日不开。请在港口的窗口购买船票，"
    "并带上一件暖和的大衣。",
    "iw": "המעבורת האחרונה לאי יוצאת מהנמל בעשר בערב, והיא אינה מפליגה בימי שבת או בחגים. "
    "אנא הביאו מעיל חם ומשהו לקרוא בדרך.",
    "no": "Den siste fergen til øya går klokken ti om kvelden, og den seiler ikke på søndager "
    "eller helligdager. Ta med en varm jakke og noe å lese.",
    "fil": "Ang huling lantsa papunta sa isla ay aalis sa daungan ng ikasampu ng gabi, at hindi "
    "ito naglalayag tuwing Linggo o pista opisyal. Magdala ng makapal na damit.",
}
