/* SPDX-License-Identifier: Apache-2.0 */
import assert from "node:assert/strict";
import test from "node:test";
import { formatClock, formatDay, formatShort, formatWhen } from "../../services/intake/console/pure/time_shown.js";
import { parseWhen, typedWhen } from "../../services/intake/console/pure/when.js";
import { dice } from "./random.mjs";

const NOW = "2026-11-25T14:22:30+09:00"; /* a Wednesday */
const MIDNIGHT = "2026-11-25T00:05:00+09:00";
const LATE = "2026-11-25T23:40:00+09:00";
const NEW_YEAR = "2027-01-01T00:20:00+09:00"; /* a Friday */
const LEAP = "2028-02-29T10:00:00+09:00"; /* a Tuesday */
const AFTER_LEAP = "2027-03-01T10:00:00+09:00";

/* "24 15:00" is of November 2026; "2026-03-05 15:00" of any; a day alone has precision day. ? marks a guess, ~ the hour. */
function expected(text) {
    if (text === "-")
        return null;
    const guess = text.endsWith("?");
    const [range, exact] = text.replace("?", "").split(" ~").map((part) => part);
    const precision = exact !== undefined ? exact || "hour" : /:/.test(range) ? "minute" : "day";
    const [from, to] = range.split(" > ").map(timeOf);
    return { from, ...(to ? { to } : {}), precision, guess };
}

function timeOf(text) {
    const [day, clock = "00:00"] = text.split(" ");
    return `${day.length > 2 ? day : `2026-11-${day}`}T${clock}:00+09:00`;
}

const AT_NOON = [
    /* days and clocks */
    ["きのう15時", "24 15:00 ~"], ["昨日の15時", "24 15:00 ~"], ["昨日の14時半", "24 14:30"], ["昨日　１５時３０分", "24 15:30"],
    ["今日 9:10", "25 09:10"], ["本日9時10分", "25 09:10"], ["きょうの午前9時", "25 09:00 ~"], ["さくじつ 23:59", "24 23:59"],
    ["おととい", "23"], ["一昨日の13時", "23 13:00 ~"], ["おとといの夜8時", "23 20:00 ~"], ["さきおととい", "22"], ["今日", "25"], ["昨日", "24"],
    ["１５時", "25 15:00 ~"], ["15時", "25 15:00 ~"], ["16時", "24 16:00 ~?"], ["13時", "25 13:00 ~"], ["14時50分", "25 14:50"], ["15:22", "25 15:22"],
    ["15:23", "24 15:23?"], ["9:10", "25 09:10"], ["９：１０", "25 09:10"], ["午後3時", "25 15:00 ~"], ["午後8時", "24 20:00 ~?"], ["午後1時", "25 13:00 ~"],
    ["午前0時", "25 00:00 ~"], ["午後0時半", "25 12:30"], ["正午", "25 12:00"], ["昨日の正午", "24 12:00"], ["昨日の午前11時15分", "24 11:15"],
    ["昨日の3時", "24 03:00 ~?"], ["昨日の3時半", "24 03:30?"], ["昨日3:00", "24 03:00"], ["昨日の8時", "24 08:00 ~"],
    ["昨日の24時", "25 00:00 ~"], ["昨日の25時", "25 01:00 ~"], ["昨日の25時30分", "25 01:30"], ["昨日の十五時", "24 15:00 ~"],
    ["昨日15時に", "24 15:00 ~"], ["昨日の15時です", "24 15:00 ~"], ["昨日の15時でした。", "24 15:00 ~"], ["昨日の15時から", "24 15:00 ~"],
    ["昨日の15時だったと思います", "24 15:00 ~"], ["昨日の15時ごろ", "24 15:00 ~"], ["昨日の15時半頃", "24 15:30 ~"], ["たぶん昨日の15時", "24 15:00 ~?"],
    ["昨日の9時すぎ", "24 09:00 > 24 09:30 ~?"], ["昨日の9時前", "24 08:30 > 24 09:00 ~?"],
    /* parts of the day */
    ["今朝", "25 06:00 > 25 10:00 ~?"], ["けさ8時ごろ", "25 08:00 ~"], ["けさ", "25 06:00 > 25 10:00 ~?"], ["昼ごろ", "25 12:00 > 25 14:00 ~?"],
    ["昨日の昼", "24 12:00 > 24 14:00 ~?"], ["昼の1時", "25 13:00 ~"], ["夕方", "24 15:00 > 24 18:00 ~?"], ["昨日の夕方", "24 15:00 > 24 18:00 ~?"],
    ["昨日の夕方5時", "24 17:00 ~"], ["昨夜", "24 18:00 > 25 00:00 ~?"], ["ゆうべ9時", "24 21:00 ~"], ["昨晩11時半", "24 23:30"],
    ["昨夜1時", "25 01:00 ~"], ["昨夜の12時", "25 00:00 ~"], ["昨日の深夜", "24 22:00 > 25 05:00 ~?"], ["今日の深夜", "25 00:00 > 25 05:00 ~?"],
    ["今日の未明", "25 00:00 > 25 03:00 ~?"], ["昨日の深夜2時", "24 02:00 ~?"], ["昨日の午前中", "24 00:00 > 24 12:00 ~?"],
    ["今日の午後", "25 12:00 > 25 14:22 ~?"], ["今日の夕方", "-"], ["今日の夜", "-"], ["昨日の朝8時", "24 08:00 ~"],
    /* counted from now */
    ["さっき", "25 13:22 > 25 14:22 ~?"], ["先ほど", "25 13:22 > 25 14:22 ~?"], ["たった今", "25 14:22"], ["30分前", "25 13:52"], ["３０分前", "25 13:52"],
    ["30分ほど前", "25 13:52 ~"], ["2時間前", "25 12:22 ~"], ["2時間半前", "25 11:52 ~"], ["1時間30分前", "25 12:52"], ["二時間前", "25 12:22 ~"],
    ["3日前", "22"], ["三日前の15時", "22 15:00 ~"], ["10日前", "15"], ["1週間前", "18?"], ["数分前", "25 14:12 > 25 14:22 ~?"], ["20時間前", "24 18:22 ~"],
    /* weekdays */
    ["先週の火曜", "17"], ["先週の火曜日15時", "17 15:00 ~"], ["先々週の金曜", "13"], ["今週の月曜", "23"], ["今週の金曜", "-"], ["月曜の夜", "23 18:00 > 24 00:00 ~?"],
    ["月曜", "23"], ["水曜", "25"], ["木曜日", "19"], ["水曜の20時", "18 20:00 ~"], ["日曜日の朝9時", "22 09:00 ~"],
    ["先週", "16 > 22 ~day?"], ["今週", "23 > 25 ~day?"], ["先週末", "21 > 22 ~day?"], ["last week", "16 > 22 ~day?"], ["先週の15時", "-"],
    /* how exactly */
    ["昨日の15時台", "24 15:00 ~"], ["昨日の9時ちょうど", "24 09:00 ~minute"], ["昨日15:00 JST", "24 15:00"], ["昨日の15時30", "24 15:30"],
    ["two hours ago", "25 12:22 ~"], ["three days ago", "22"],
    /* dates */
    ["11/24 15:00", "24 15:00"], ["11月24日15時", "24 15:00 ~"], ["11月24日 15時20分", "24 15:20"], ["2026/11/24", "24"], ["2026年11月24日", "24"],
    ["2026-11-24 15:00", "24 15:00"], ["2026-11-24T15:00", "24 15:00"], ["2026.11.24", "24"], ["24日", "24"], ["24日の15時", "24 15:00 ~"], ["25日", "25"],
    ["26日", "2026-10-26"], ["31日", "2026-10-31"], ["11/24(火) 15:00", "24 15:00"], ["11月24日（火）15時", "24 15:00 ~"], ["11月24日火曜日", "24"],
    ["11/24(水) 15:00", "24 15:00?"], ["十一月二十四日十五時", "24 15:00 ~"], ["令和8年11月24日", "24"], ["R8.11.24", "24"], ["先月31日", "2026-10-31"],
    ["11/26", "2025-11-26?"], ["12/1 9:00", "2025-12-01 09:00?"], ["去年の11月24日", "2025-11-24"], ["2025/11/24 15:00", "2025-11-24 15:00"], ["6/1", "2026-06-01"],
    ["11月24日の夜", "24 18:00 > 25 00:00 ~?"], ["2024/2/29", "2024-02-29"], ["2/29", "2024-02-29?"], ["11/25", "25"], ["11/25 15:00", "25 15:00"],
    /* English */
    ["yesterday 3pm", "24 15:00 ~"], ["Yesterday at 3 p.m.", "24 15:00 ~"], ["3pm yesterday", "24 15:00 ~"], ["today at 9:10", "25 09:10"], ["9:10 today", "25 09:10"],
    ["this morning", "25 06:00 > 25 10:00 ~?"], ["this morning at 8", "25 08:00 ~"], ["at 8 in the morning", "25 08:00 ~"], ["last night", "24 18:00 > 25 00:00 ~?"],
    ["30 minutes ago", "25 13:52"], ["an hour ago", "25 13:22 ~"], ["half an hour ago", "25 13:52"], ["2 hours ago", "25 12:22 ~"], ["3 days ago", "22"],
    ["last Tuesday", "24?"], ["last Wednesday", "18?"], ["Tuesday 15:00", "24 15:00"], ["Monday morning", "23 06:00 > 23 10:00 ~?"], ["Nov 24 15:00", "24 15:00"],
    ["24 Nov 15:00", "24 15:00"], ["November 24th, 2026 at 3pm", "24 15:00 ~"], ["the 24th", "24"], ["noon", "25 12:00"], ["yesterday noon", "24 12:00"],
    ["12am today", "25 00:00 ~"], ["12pm today", "25 12:00 ~"], ["day before yesterday", "23"], ["2026-11-24T15:00:00+09:00", "24 15:00"],
    ["2026-11-24T06:00:00Z", "24 15:00"], ["around 3pm yesterday", "24 15:00 ~"], ["half past 9", "25 09:30"], ["a week ago", "18?"],
    ["yesterday around 15:30", "24 15:30 ~"], ["Tue, Nov 24, 2026 15:00", "24 15:00"],
    /* from, until */
    ["昨日の15時から16時", "24 15:00 > 24 16:00 ~"], ["昨日15:00〜15:20", "24 15:00 > 24 15:20"], ["昨日の22時から2時まで", "24 22:00 > 25 02:00 ~?"],
    ["11/23〜11/24", "23 > 24 ~day"], ["yesterday 3pm to 4pm", "24 15:00 > 24 16:00 ~"], ["昨日14:00-15:00", "24 14:00 > 24 15:00"], ["昨日の16時から15時", "-"],
    /* no time, none possible, none that has been */
    ["", "-"], ["　", "-"], ["年末", "-"], ["最近", "-"], ["不明", "-"], ["わからない", "-"], ["明日", "-"], ["来週の火曜", "-"], ["2/30", "-"], ["2026/2/29", "-"],
    ["13/1", "-"], ["11/31", "-"], ["32日", "-"], ["25:70", "-"], ["昨日の30時", "-"], ["2027/1/1", "-"], ["2030年1月1日", "-"], ["今日 17:00", "-"], ["0日", "-"],
    ["13pm yesterday", "-"], ["1999/12/31", "-"], ["12345", "-"], ["昨日15時ファイルが開かない", "-"], ["ごろ", "-"], ["の", "-"], ["<b>昨日</b>", "-"], ["x".repeat(5000), "-"],
];
const ELSEWHEN = [
    [MIDNIGHT, "きのう", "24"], [MIDNIGHT, "30分前", "24 23:35"], [MIDNIGHT, "23時50分", "24 23:50?"], [MIDNIGHT, "1時", "25 01:00 ~?"],
    [MIDNIGHT, "今朝", "-"], [MIDNIGHT, "0時", "25 00:00 ~"], [MIDNIGHT, "昨夜", "24 18:00 > 25 00:00 ~?"], [MIDNIGHT, "今日の夜", "-"], [MIDNIGHT, "さっき", "24 23:05 > 25 00:05 ~?"],
    [LATE, "11/26 0:10", "26 00:10"], [LATE, "0:30", "25 00:30"], [LATE, "11/26", "2025-11-26?"], [LATE, "24時", "26 00:00 ~"], [LATE, "今夜", "25 18:00 > 25 23:40 ~?"],
    [NEW_YEAR, "12/31 23:50", "2026-12-31 23:50"], [NEW_YEAR, "きのう15時", "2026-12-31 15:00 ~"], [NEW_YEAR, "11/24", "2026-11-24"], [NEW_YEAR, "31日", "2026-12-31"],
    [NEW_YEAR, "先月24日", "2026-12-24"], [NEW_YEAR, "1/1 0:10", "2027-01-01 00:10"], [NEW_YEAR, "30分前", "2026-12-31 23:50"], [NEW_YEAR, "1/1", "2027-01-01"],
    [NEW_YEAR, "先週の金曜", "2026-12-25"], [NEW_YEAR, "去年の12月31日", "2026-12-31"], [NEW_YEAR, "1/2", "2026-01-02?"],
    [LEAP, "今日", "2028-02-29"], [LEAP, "2/29 9:00", "2028-02-29 09:00"], [LEAP, "29日", "2028-02-29"], [LEAP, "去年の2月29日", "-"], [LEAP, "30日", "2028-01-30"],
    [AFTER_LEAP, "きのう", "2027-02-28"], [AFTER_LEAP, "2/29", "2024-02-29?"], [AFTER_LEAP, "29日", "2027-01-29"], [AFTER_LEAP, "2027/2/29", "-"],
];

test(`what people say, ${AT_NOON.length + ELSEWHEN.length} phrases`, () => {
    const rows = [...AT_NOON.map(([said, means]) => [NOW, said, means]), ...ELSEWHEN];
    const wrong = rows.map(([now, said, means]) => ({ now, said, is: parseWhen(said, new Date(now)), expected: expected(means) }))
        .filter((row) => JSON.stringify(row.is) !== JSON.stringify(row.expected));
    assert.deepEqual(wrong, []);
});

test("nothing is in the future by more than an hour, and to is never before from", () => {
    for (const now of [NOW, MIDNIGHT, LATE, NEW_YEAR, LEAP, AFTER_LEAP])
        for (const [said] of AT_NOON) {
            const found = parseWhen(said, Date.parse(now));
            if (!found)
                continue;
            assert.ok(Date.parse(found.from) <= Date.parse(now) + 3600000, `${said} at ${now}`);
            assert.ok(!found.to || Date.parse(found.to) > Date.parse(found.from), `${said} at ${now}`);
        }
});

test("a desk in UTC", () => {
    assert.deepEqual(parseWhen("yesterday 15:00", Date.parse(NOW), "UTC"),
        { from: "2026-11-24T15:00:00+00:00", precision: "minute", guess: false });
});

test("a time that nobody typed here stands as if it had been typed, and is read as the same", () => {
    const time = "2026-11-24T15:04:00+09:00";
    assert.equal(typedWhen(time), "2026/11/24 15:04");
    assert.equal(typedWhen(time, "hour"), "2026/11/24 15:04頃");
    assert.equal(typedWhen(time, "hour", "en"), "2026/11/24 about 15:04");
    assert.equal(typedWhen(time, "day"), "2026/11/24");
    assert.equal(typedWhen("?"), "?");
    const { below } = dice();
    for (let i = 0; i < 500; i++) {
        const at = new Date(Math.floor((Date.parse(NOW) - below(20 * 365 * 24 * 60) * 60000) / 60000) * 60000);
        for (const precision of ["minute", "hour", "day"])
            for (const lang of ["ja", "en"]) {
                const typed = typedWhen(at.toISOString(), precision, lang);
                const read = parseWhen(typed, Date.parse(NOW));
                assert.equal(read?.precision, precision, typed);
                assert.equal(read.guess, false, typed);
                assert.equal(read.to, undefined, typed);
                assert.equal(typedWhen(read.from, precision, lang), typed);
                assert.ok(precision === "day" || Date.parse(read.from) === at.getTime(), typed);
            }
    }
});

test("how times are shown", () => {
    const time = "2026-11-24T15:00:07+09:00";
    assert.deepEqual(formatWhen(time, "minute", "ja"), { text: "2026/11/24（火）15:00 JST", precision: "minute" });
    assert.deepEqual(formatWhen(time, "hour", "en"), { text: "2026/11/24 (Tue) 15:00 JST", precision: "hour" });
    assert.deepEqual(formatWhen("2026-11-23T15:00:00Z", "day", "ja"), { text: "2026/11/24（火）", precision: "day" });
    assert.equal(formatWhen("?").text, "—");
    assert.equal(formatDay(time, "en"), "2026/11/24 (Tue)");
    assert.equal(formatDay("never"), "—");
    assert.equal(formatShort(time, "2026-11-24T23:59:00+09:00"), "15:00");
    assert.equal(formatShort(time, "2026-11-25T00:00:00+09:00"), "11/24 15:00");
    assert.equal(formatShort(time, "2027-01-01T00:00:00+09:00"), "2026/11/24 15:00");
});
