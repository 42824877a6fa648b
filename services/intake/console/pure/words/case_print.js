/* SPDX-License-Identifier: Apache-2.0 */
/* Words of the case: the sheets of paper. */
export const casePrint = {
    "case.print.sheet": ["ヒアリングシート", "Hearing sheet"],
    "case.print.summary": ["案件の概要", "Case summary"],
    "case.print.do": ["印刷する", "Print"],
    "case.print.back": ["案件に戻る", "Back to the case"],
    "case.print.line": [
        "内容を確かめてから印刷してください。A4の用紙に出ます。",
        "Check it, then print. The paper is A4.",
    ],
    "case.print.away": [
        "読み込めませんでした。少しおいてからもう一度お試しください。",
        "Could not be read. Try again in a moment.",
    ],
    "case.print.number": ["受付番号", "Case number"],
    "case.print.opened": ["受付", "Opened"],
    "case.print.printed": ["印刷", "Printed"],
    "case.print.desk": ["窓口", "Desk"],
    "case.print.revision": ["記録の版", "Revision"],
    "case.print.blank": ["（未記入）", "(not filled in)"],
    "case.print.overview": ["概要", "Overview"],
    "case.print.type": ["種別", "Kind"],
    "case.print.incident": ["起きたこと", "What happened"],
    "case.print.status": ["いまの段階", "Stage"],
    "case.print.intention": ["利用の意思", "Intention"],
    "case.print.chain.ok": [
        "記録の連鎖 {count}件に改ざんはありません。{time} にこの端末で計算しました。末尾 {head}",
        "Nothing in the record chain of {count} was changed. Computed on this machine at {time}. Head {head}",
    ],
    "case.print.chain.broken": [
        "監督者に連絡してください。記録の連鎖が{number}番目の記録で切れています。",
        "Tell your supervisor. The record chain breaks at record {number}.",
    ],
    "case.print.secret": [
        "窓口がお伝えする内容は、関係者限りでお取り扱いください（同意書 2）。",
        "Keep what the desk discloses confidential (consent document, 2).",
    ],
};
