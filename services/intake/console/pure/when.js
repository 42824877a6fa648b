/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time as people say it on the telephone, in Japanese and English. A phrase is a row of words of
 * four kinds (day, part of the day, clock, nearness) in any order; each kind has a table. Incidents lie in the past: of
 * several readings the latest that is not in the future counts. Inside, times are minutes of the desk's zone, which has
 * no summer time.
 */
import { partsOf, two, ZONES } from "./time_shown.js";

const DAY = 24 * 60;
const HOUR = 60;
const MINUTE_MS = 60 * 1000;
const AHEAD_MAX = HOUR;
const OVER_MIDNIGHT_MAX = 12 * HOUR;
const LONG_AGO = 180 * DAY;
const FIRST_YEAR = 2000;
const YEARS_BACK_MAX = 8; /* a 29 February may be that far away */
const MONTHS_BACK_MAX = 12;
const TEXT_MAX = 100;

const KANJI_DIGITS = { 〇: 0, 一: 1, 二: 2, 三: 3, 四: 4, 五: 5, 六: 6, 七: 7, 八: 8, 九: 9 };
const KANJI_WEEK = "日月火水木金土";
const MONDAY = 1;
const SATURDAY = 6;
const WEEK = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];
const MONTH_NAMES = `(${MONTHS.join("|")})[a-z]*\\.?`;
const WEEK_NAMES = `(${WEEK.join("|")})[a-z]*\\.?`;
const ABOUT = "(?:ほど|くらい|ぐらい|ばかり)";

/* --- the calendar ------------------------------------------------------------------------------------------------- */

/** Days since 1970; null where there is no such date. */
function dayOf(year, month, day) {
    const date = new Date(Date.UTC(year, month - 1, day));
    const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
    return exists && year >= FIRST_YEAR ? Math.floor(date.getTime() / (DAY * MINUTE_MS)) : null;
}

function civilOf(day) {
    const date = new Date(day * DAY * MINUTE_MS);
    return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate(),
        weekday: date.getUTCDay() };
}

const count = (length) => Array.from({ length }, (_, i) => i);
const existing = (days) => days.filter((day) => day !== null);

/* The latest first. */
const inEachYear = (month, day, today) =>
    existing(count(YEARS_BACK_MAX + 1).map((back) => dayOf(civilOf(today).year - back, month, day)));

function inMonth(back, day, today) {
    const { year, month } = civilOf(today);
    const months = year * 12 + month - 1 - back;
    return dayOf(Math.floor(months / 12), months % 12 + 1, day);
}

const inEachMonth = (day, today) => existing(count(MONTHS_BACK_MAX + 1).map((back) => inMonth(back, day, today)));

const daysSince = (weekday, today) => (civilOf(today).weekday - weekday + 7) % 7;
/* Weeks begin on Monday. */
const inWeek = (back, weekday, today) => [today - (civilOf(today).weekday + 6) % 7 - 7 * back + (weekday + 6) % 7];

/* --- the tables: what is said, and what it means ------------------------------------------------------------------ */

/* One word that says two things. */
const REWRITES = [
    [/今朝方?|けさ/, "今日 朝"],
    [/今晩|今夜|こんや|こんばん/, "今日 夜"],
    [/一昨夜|一昨晩/, "一昨日 夜"],
    [/昨夜|昨晩|ゆうべ|夕べ|さくや/, "昨日 夜"],
    [/昨朝/, "昨日 朝"],
    [/\bthis (?=morning|afternoon|evening)/, "today "],
    [/\blast night\b/, "yesterday night"],
    [/\btonight\b/, "today night"],
    [new RegExp(`^${WEEK_NAMES},? (?=${MONTH_NAMES}|\\d{1,2}(?:st|nd|rd|th)? ${MONTH_NAMES}|\\d{4}[-/])`), ""],
    [/(?:だったと思います|だと思います|と思います|でした|だった|です|から|に|。|\.)+$/, ""],
];

const number = (text) => (text === "a" || text === "an" ? 1 : Number(text));
const past = (days) => (_, today) => [today - days];
const YEARS_BACK = { 去年: 1, 昨年: 1, "last year": 1, 一昨年: 2, おととし: 2 };
const MONTHS_BACK = { 今月: 0, 先月: 1, 先々月: 2 };
const WEEKS_BACK = { 今週: 0, 先週: 1, 先々週: 2 };

/* days(match, today): the days that may be meant, the latest first; length: so many days are meant together. */
const DAYS = [
    { is: /今日|本日|きょう|today/y, days: past(0) },
    { is: /さきおととい|一昨々日|一昨昨日/y, days: past(3) },
    { is: /おととい|おとつい|一昨日|(?:the )?day before yesterday/y, days: past(2) },
    { is: /昨日|きのう|さくじつ|yesterday/y, days: past(1) },
    { is: new RegExp(`(\\d{1,3})日${ABOUT}?前|(\\d{1,3}|a) days? ago`, "y"), days: ([, ja, en], today) =>
        [today - number(ja ?? en)] },
    { is: new RegExp(`(\\d{1,2})週間${ABOUT}?前|(\\d{1,2}|a) weeks? ago`, "y"), guess: true,
        days: ([, ja, en], today) => [today - 7 * number(ja ?? en)] },
    { is: /(先々週|先週|今週)の?([日月火水木金土])(?:曜日?)?/y,
        days: ([, week, name], today) => inWeek(WEEKS_BACK[week], KANJI_WEEK.indexOf(name), today) },
    { is: /先週末|last weekend/y, length: 2, days: (_, today) => inWeek(1, SATURDAY, today) },
    { is: /(先々週|先週|今週)/y, length: 7, days: ([, week], today) => inWeek(WEEKS_BACK[week], MONDAY, today) },
    { is: /(last|this) week/y, length: 7, days: ([, week], today) => inWeek(week === "last" ? 1 : 0, MONDAY, today) },
    { is: /([日月火水木金土])曜日?/y, days: ([, name], today) => onWeekday(KANJI_WEEK.indexOf(name), today) },
    /* People mean the last one, or that of last week. */
    { is: new RegExp(`last ${WEEK_NAMES}`, "y"), guess: true,
        days: ([, name], today) => [today - (daysSince(WEEK.indexOf(name), today) || 7)] },
    { is: new RegExp(`this ${WEEK_NAMES}`, "y"), days: ([, name], today) => inWeek(0, WEEK.indexOf(name), today) },
    { is: new RegExp(`${WEEK_NAMES}`, "y"), days: ([, name], today) => onWeekday(WEEK.indexOf(name), today) },
    { is: /(\d{4})([/.-]|年) ?(\d{1,2})(?:[/.-]|月) ?(\d{1,2})日?/y,
        days: ([, year, , month, day]) => existing([dayOf(Number(year), Number(month), Number(day))]) },
    { is: /(?:令和|r)(\d{1,2}|元)[年./-](\d{1,2})[月./-](\d{1,2})日?/y,
        days: ([, year, month, day]) => existing([dayOf(2018 + (Number(year) || 1), Number(month), Number(day))]) },
    { is: /(去年|昨年|一昨年|おととし)の?(\d{1,2})(?:\/|月)(\d{1,2})日?/y, days: ([, said, month, day], today) =>
        existing([dayOf(civilOf(today).year - YEARS_BACK[said], Number(month), Number(day))]) },
    { is: /(\d{1,2})(?:\/|月 ?)(\d{1,2})日?/y, days: ([, month, day], today) =>
        inEachYear(Number(month), Number(day), today) },
    { is: /(先々月|先月|今月)の?(\d{1,2})日/y,
        days: ([, month, day], today) => existing([inMonth(MONTHS_BACK[month], Number(day), today)]) },
    { is: /(\d{1,2})日/y, days: ([, day], today) => inEachMonth(Number(day), today) },
    { is: new RegExp(`${MONTH_NAMES} (\\d{1,2})(?:st|nd|rd|th)?(?:,? (\\d{4}))?(?![\\d:])`, "y"),
        days: ([, month, day, year], today) => inNamedMonth(month, day, year, today) },
    { is: new RegExp(`(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTH_NAMES}(?:,? (\\d{4}))?`, "y"),
        days: ([, day, month, year], today) => inNamedMonth(month, day, year, today) },
    { is: /(\d{1,2})(?:st|nd|rd|th)\b/y, days: ([, day], today) => inEachMonth(Number(day), today) },
];

function onWeekday(weekday, today) {
    const latest = today - daysSince(weekday, today);
    return [latest, latest - 7];
}

function inNamedMonth(name, day, year, today) {
    const month = MONTHS.indexOf(name) + 1;
    return year ? existing([dayOf(Number(year), month, Number(day))]) : inEachYear(month, Number(day), today);
}

/* The weekday beside a date: it must fit. */
const MARKS = [
    { is: /\(?([日月火水木金土])(?:曜日?)?\)/y, weekday: ([, name]) => KANJI_WEEK.indexOf(name) },
    { is: /([日月火水木金土])曜日?/y, weekday: ([, name]) => KANJI_WEEK.indexOf(name) },
    { is: new RegExp(`\\(?${WEEK_NAMES}\\)?`, "y"), weekday: ([, name]) => WEEK.indexOf(name) },
];

const morning = (hour) => hour % 12;
const afternoon = (hour) => (hour < 12 ? hour + 12 : hour);
const midday = (hour) => (hour < 6 ? hour + 12 : hour);
const night = (hour) => (hour < 5 ? hour + 24 : hour < 12 ? hour + 12 : hour + 12);
const small = (hour) => (hour < 6 ? hour : hour + 12);

/*
 * spans: hours from and until, as the Meteorological Agency divides the day, but for lunch; past 24 is the next day.
 * hour(h): what an hour up to 12 means after this word. unsure: even with an hour nobody knows which day is meant.
 */
const PARTS = [
    { is: /未明/y, spans: [[0, 3]], hour: morning },
    { is: /明け方|dawn/y, spans: [[3, 6]], hour: morning },
    { is: /早朝|early morning/y, spans: [[4, 7]], hour: morning },
    { is: /朝|あさ|morning/y, spans: [[6, 10]], hour: morning },
    { is: /午前中?/y, spans: [[0, 12]], hour: morning },
    { is: /お?昼前/y, spans: [[10, 12]], hour: midday },
    { is: /お?昼(?:過ぎ|すぎ)/y, spans: [[12, 15]], hour: midday },
    { is: /お?昼(?:休み|間)?|ひる|lunch ?time|midday/y, spans: [[12, 14]], hour: midday },
    { is: /午後|afternoon/y, spans: [[12, 18]], hour: afternoon },
    { is: /夕方|夕刻|ゆうがた/y, spans: [[15, 18]], hour: afternoon },
    { is: /evening/y, spans: [[17, 22]], hour: afternoon },
    { is: /深夜|真夜中|夜中|middle of the night/y, spans: [[22, 29], [0, 5]], hour: small, unsure: true },
    { is: /夜遅く|late at night/y, spans: [[21, 24]], hour: night },
    { is: /夜|晩|よる|night/y, spans: [[18, 24]], hour: night },
];

const MERIDIEM = "([ap])\\.?m\\b\\.?";
/* clock(match): hour, minute; half: of the day (a or p); bare: nobody said which half. */
const CLOCKS = [
    { is: /正午|noon/y, clock: () => ({ hour: 12, minute: 0, precision: "minute" }) },
    { is: /midnight/y, clock: () => ({ hour: 0, minute: 0, precision: "hour", unsure: true }) },
    { is: new RegExp(`(\\d{1,2}):(\\d{2})(?::\\d{2}(?:\\.\\d+)?)?(?: ?${MERIDIEM})?`, "y"),
        clock: ([, hour, minute, half]) => ({ hour: Number(hour), minute: Number(minute), half,
            precision: "minute" }) },
    { is: /(\d{1,2})時(\d{1,2})(?:分|$)/y,
        clock: ([, hour, minute]) => ({ hour: Number(hour), minute: Number(minute), bare: true,
            precision: "minute" }) },
    { is: /(\d{1,2})時半/y, clock: ([, hour]) => ({ hour: Number(hour), minute: 30, bare: true, precision: "minute" }) },
    { is: /(\d{1,2})時(?!間)/y, clock: ([, hour]) => ({ hour: Number(hour), minute: 0, bare: true, precision: "hour" }) },
    { is: new RegExp(`(\\d{1,2}) ?${MERIDIEM}`, "y"),
        clock: ([, hour, half]) => ({ hour: Number(hour), minute: 0, half, precision: "hour" }) },
    { is: /half past (\d{1,2})/y, clock: ([, hour]) =>
        ({ hour: Number(hour), minute: 30, bare: true, precision: "minute" }) },
    { is: /(\d{1,2}) ?o'?clock/y, clock: ([, hour]) =>
        ({ hour: Number(hour), minute: 0, bare: true, precision: "hour" }) },
    { is: /at (\d{1,2})$/y, clock: ([, hour]) => ({ hour: Number(hour), minute: 0, bare: true, precision: "hour" }) },
    { is: /(\d{1,2})(?= (?:in the|at night))/y, clock: ([, hour]) =>
        ({ hour: Number(hour), minute: 0, bare: true, precision: "hour" }) },
];

const NEARNESS = [
    { is: /頃|ごろ|ころ|くらい|ぐらい|about|around|approximately/y, precision: "hour" },
    { is: /だいたい|たぶん|多分|おそらく|maybe|perhaps|probably/y, guess: true },
    { is: /台/y, precision: "hour" },
    { is: /ちょうど|きっかり|sharp|exactly/y, precision: "minute" },
    { is: /過ぎ|すぎ|after|past/y, guess: true, precision: "hour", span: [0, 30] },
    { is: /前|まえ|before/y, guess: true, precision: "hour", span: [-30, 0] },
];

const FILLERS = /(?:[\s、,。・のはで]|に(?!\d)|t(?=\d)|at\b(?! \d{1,2}$)|(?:on|in|the|it|was|jst)\b)+/y;

/* Counted from now, in minutes: the whole phrase. */
const INSTANTS = [
    { is: /^(?:たった今|ただ今|ただいま|今|いま|(?:right )?now)$/, back: () => ({ from: 0, precision: "minute" }) },
    { is: /^(?:つい)?(?:さっき|先ほど|さきほど|先程)$|^(?:just now|a moment ago|a (?:short )?while ago)$/,
        back: () => ({ from: 60, to: 0, precision: "hour", guess: true }) },
    { is: /^\d{1,4}秒前$|^\d{1,4} sec(?:ond)?s? ago$/, back: () => ({ from: 0, precision: "minute" }) },
    { is: new RegExp(`^(約|およそ)?(\\d{1,4})分(${ABOUT})?前$`),
        back: ([, about, minutes, near]) => ({ from: Number(minutes), precision: about || near ? "hour" : "minute" }) },
    { is: /^(about |around )?(\d{1,4}|a) min(?:ute)?s? ago$/,
        back: ([, about, minutes]) => ({ from: number(minutes), precision: about ? "hour" : "minute" }) },
    { is: /^(?:half an|a half) hour ago$/, back: () => ({ from: 30, precision: "minute" }) },
    { is: /^(\d{1,3})時間(\d{1,2})分前$/, back: ([, hours, minutes]) =>
        ({ from: hours * HOUR + Number(minutes), precision: "minute" }) },
    { is: new RegExp(`^(?:約|およそ)?(\\d{1,3})時間(半)?${ABOUT}?前$`),
        back: ([, hours, half]) => ({ from: hours * HOUR + (half ? 30 : 0), precision: "hour" }) },
    { is: /^(?:about |around )?(\d{1,3}|an?) hours?( and a half)? ago$/,
        back: ([, hours, half]) => ({ from: number(hours) * HOUR + (half ? 30 : 0), precision: "hour" }) },
    { is: /^数分前$|^(?:a few|several) minutes ago$/, back: () => ({ from: 10, to: 0, precision: "hour", guess: true }) },
    { is: /^数時間前$|^(?:a few|several) hours ago$/, back: () =>
        ({ from: 6 * HOUR, to: 2 * HOUR, precision: "hour", guess: true }) },
    { is: /^半日(?:ほど|くらい|ぐらい)?前$|^half a day ago$/, back: () => ({ from: 12 * HOUR, precision: "hour", guess: true }) },
];

const ISO = /^(\d{4})-(\d{2})-(\d{2})[t ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(z|[+-]\d{2}:\d{2})$/;

const RANGES = [
    /^(.+?)\s*(?:から|~|〜|–|—)\s*(.+?)(?:まで|の間|にかけて)?$/,
    /^(?:from |between )?(.+?) (?:to|until|till|and|-) (.+)$/,
    /^(.*\d)-(\d{1,2}:\d{2})$/,
];

/* --- reading ------------------------------------------------------------------------------------------------------ */

function kanjiNumber(text) {
    const [tens, ones] = text.includes("十") ? text.split("十") : ["0", text];
    const digits = (part) => [...part].reduce((sum, c) => sum * 10 + (KANJI_DIGITS[c] ?? Number(c)), 0);
    return String((tens === "" ? 1 : digits(tens)) * 10 + digits(ones));
}

/* One width, one case, digits for numbers. */
function fold(text) {
    const folded = text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
    return folded.replace(/[〇一二三四五六七八九十]+(?=[日時分秒週月年])/g, kanjiNumber)
        .replace(/\b[a-z]+\b/g, (word) => (NUMBERS.includes(word) ? String(NUMBERS.indexOf(word) + 1) : word));
}

const rewrite = (text) => REWRITES.reduce((said, [is, means]) => said.replace(is, means), text).trim();

function matchAt(table, text, at) {
    for (const row of table) {
        row.is.lastIndex = at;
        const match = row.is.exec(text);
        if (match)
            return { row, match, end: row.is.lastIndex };
    }
    return null;
}

function skip(text, at) {
    FILLERS.lastIndex = at;
    return FILLERS.test(text) ? FILLERS.lastIndex : at;
}

const KINDS = { day: DAYS, clock: CLOCKS, part: PARTS, mark: MARKS, nearness: NEARNESS };

function nextWord(text, at, found) {
    for (const [kind, table] of Object.entries(KINDS)) {
        const open = !found[kind] && (kind !== "mark" || found.day);
        const word = open ? matchAt(table, text, at) : null;
        if (word)
            return { kind, ...word };
    }
    return null;
}

/** {day, part, clock, mark, nearness}, each {row, match} or missing; null where a word is not understood. */
function wordsOf(text) {
    const found = {};
    for (let at = skip(text, 0); at < text.length; at = skip(text, at)) {
        const word = nextWord(text, at, found);
        if (!word)
            return null;
        found[word.kind] = word;
        at = word.end;
    }
    return found.day || found.part || found.clock ? found : null;
}

/* The hour of 24 (up to 29: the small hours of the next day), or null. */
function hourOf({ hour, half, minute }, part) {
    if (minute > 59 || hour > 29 || (half && (hour < 1 || hour > 12)))
        return null;
    if (half)
        return hour % 12 + (half === "p" ? 12 : 0);
    return part && hour <= 12 ? part.hour(hour) : hour;
}

/* [{from, to?, precision, guess}] in minutes of the day; empty where there is no such time. */
function spansOf({ day, clock, part, nearness }) {
    const length = day?.row.length;
    if (length)
        return clock || part ? [] : [{ from: 0, to: (length - 1) * DAY, precision: "day", guess: true }];
    if (!clock && !part)
        return [{ from: 0, precision: "day", guess: Boolean(nearness) }];
    if (!clock)
        return part.row.spans.map(([from, to]) =>
            ({ from: from * HOUR, to: to * HOUR, precision: "hour", guess: true }));
    const said = clock.row.clock(clock.match);
    const hour = hourOf(said, part?.row);
    if (hour === null)
        return [];
    const from = hour * HOUR + said.minute;
    const halfUnknown = said.bare && !part && said.hour >= 1 && said.hour <= 6;
    const span = { from, precision: said.precision, guess: Boolean(halfUnknown || said.unsure || part?.row.unsure) };
    return [{ ...span, ...near(nearness?.row, from, span) }];
}

function near(row, from, span) {
    if (!row)
        return {};
    const [before, after] = row.span ?? [0, 0];
    return { precision: row.precision ?? span.precision, guess: span.guess || Boolean(row.guess), from: from + before,
        ...(row.span ? { to: from + after } : {}) };
}

/* A part of the day or a week that has begun ends now, today. */
function endOfSpan(span, day, from, now) {
    const latest = span.precision === "day" ? now - now % DAY : now;
    return span.to === undefined ? undefined : Math.min(day * DAY + span.to, Math.max(latest, from));
}

/* The latest reading that is not in the future. */
function choose(days, spans, now) {
    for (const day of days)
        for (const span of spans) {
            const from = day * DAY + span.from;
            const latest = span.precision === "day" || span.to !== undefined ? now : now + AHEAD_MAX;
            if (from <= latest)
                return { ...span, day, from, to: endOfSpan(span, day, from, now) };
        }
    return null;
}

function fromWords(text, now, assumedDay) {
    const words = wordsOf(text);
    if (!words)
        return null;
    const today = Math.floor(now / DAY);
    const assumed = assumedDay === undefined ? [today, today - 1] : [assumedDay];
    const days = words.day ? words.day.row.days(words.day.match, today) : assumed;
    const chosen = choose(days, spansOf(words), now);
    if (!chosen)
        return null;
    const misses = words.mark && words.mark.row.weekday(words.mark.match) !== civilOf(chosen.day).weekday;
    const another = !words.day && chosen.day !== days[0];
    const long = days.length > 1 && now - chosen.from > LONG_AGO;
    return { ...chosen, named: Boolean(words.day),
        guess: Boolean(chosen.guess || misses || another || long || words.day?.row.guess) };
}

function fromInstant(text, now) {
    for (const { is, back } of INSTANTS) {
        const match = text.match(is);
        if (!match)
            continue;
        const { from, to, precision, guess = false } = back(match);
        return { from: now - from, to: to === undefined ? undefined : now - to, precision, guess };
    }
    return null;
}

function fromIso(text, now, offset) {
    const match = text.match(ISO);
    if (!match)
        return null;
    const at = Date.parse(text.toUpperCase().replace(" ", "T"));
    const known = dayOf(Number(match[1]), Number(match[2]), Number(match[3])) !== null;
    const from = Math.floor(at / MINUTE_MS) + offset;
    return known && from <= now + AHEAD_MAX ? { from, precision: "minute", guess: false } : null;
}

const readOne = (text, now, day) => fromInstant(rewrite(text), now) ?? fromWords(rewrite(text), now, day);

const COARSENESS = ["minute", "hour", "day"];
const coarser = (a, b) => (COARSENESS.indexOf(a) > COARSENESS.indexOf(b) ? a : b);

/* 「22時から2時まで」 ends on the next day. */
function endOf(text, begin, now) {
    const day = Math.floor(begin.from / DAY);
    const end = readOne(text, now, day);
    if (!end || end.named || end.from >= begin.from)
        return end;
    const tomorrow = readOne(text, now, day + 1);
    return tomorrow && tomorrow.from - begin.from <= OVER_MIDNIGHT_MAX ? tomorrow : end;
}

function fromRange(text, now) {
    for (const pattern of RANGES) {
        const match = text.match(pattern);
        const begin = match ? readOne(match[1], now) : null;
        const end = begin ? endOf(match[2], begin, now) : null;
        if (!end)
            continue;
        const to = end.to ?? end.from;
        return to < begin.from ? null
            : { from: begin.from, to, precision: coarser(begin.precision, end.precision),
                guess: begin.guess || end.guess };
    }
    return null;
}

function rfc3339(minutes, offset) {
    const sign = offset < 0 ? "-" : "+";
    const zone = `${sign}${two(Math.floor(Math.abs(offset) / HOUR))}:${two(Math.abs(offset) % HOUR)}`;
    return new Date(minutes * MINUTE_MS).toISOString().slice(0, 19) + zone;
}

/**
 * What a phrase means at `now`: {from, to?, precision, guess} with times in RFC 3339 and the desk's offset; null where
 * it is no time, not a possible one, or one to come. `guess`: to be confirmed. With precision day, `to` is the last
 * day.
 */
export function parseWhen(text, now, zone = "Asia/Tokyo") {
    const { offset } = ZONES[zone];
    const said = fold(String(text ?? ""));
    if (!said || said.length > TEXT_MAX)
        return null;
    const local = Math.floor(Number(now) / MINUTE_MS) + offset;
    const found = fromIso(said, local, offset) ?? readOne(said, local) ?? fromRange(said, local);
    if (!found || civilOf(Math.floor(found.from / DAY)).year < FIRST_YEAR)
        return null;
    const range = found.to !== undefined && found.to > found.from ? { to: rfc3339(found.to, offset) } : {};
    return { from: rfc3339(found.from, offset), ...range, precision: found.precision, guess: found.guess };
}

/** What is read as `time` and as exact: 2026/11/24 15:04, 15:04頃, the day alone. */
export function typedWhen(time, precision = "minute", lang = "ja", zone = "Asia/Tokyo") {
    const at = partsOf(time, zone);
    if (!at)
        return String(time ?? "");
    const day = `${at.year}/${two(at.month)}/${two(at.day)}`;
    const clock = `${two(at.hour)}:${two(at.minute)}`;
    if (precision === "day")
        return day;
    return `${day} ${precision === "hour" ? { ja: `${clock}頃`, en: `about ${clock}` }[lang] : clock}`;
}
