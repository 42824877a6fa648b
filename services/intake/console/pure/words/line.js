/* SPDX-License-Identifier: Apache-2.0 */
/* What the line 次の一手 says everywhere, and why a case stands first in the queue. */
export const line = {
    "nothing": ["", ""],

    "session_expired": ["もう一度ログインしてください。入力はこの端末に残っています。", "Please sign in again. Your input is kept."],
    "opening_waits": ["そのまま続けてください。受付の確定は、つながりしだい自動で1回だけ送ります。",
        "Please go on. It will be sent once, by itself."],
    "opening_waits.extra": ["再送中 {time}（{tries}回目）", "Trying again {time} (try {tries})"],
    "intake_down": ["そのまま続けてください。入力はこの端末に残り、つながりしだい保存します。",
        "Please go on. Your input is kept here and saved on recovery."],
    "kafka_down": ["そのまま続けてください。記録の保存は、つながりしだい自動で行います。",
        "Please go on. It will be recorded by itself on recovery."],
    "away_given": ["入力はこの画面に残っています。つながったら、もう一度記録してください。",
        "Your input is kept here. Record it again on recovery."],
    "away_handover": ["引き継ぎはまだ送られていません。つながったら、もう一度ご確認ください。",
        "The hand-over has not been sent. Confirm again on recovery."],
    "redis_down": ["入力はこの端末に残っています。復旧しだい保存します。", "Kept here; saved on recovery."],
    "stream_lost": ["自動の更新が止まっています。再接続しています。", "Live updates stopped; reconnecting."],
    "chain_broken": ["監督者に連絡してください。記録の連鎖が {time} で切れています。", "Tell your supervisor. The record chain breaks at {time}."],

    "act.sign_in": ["ログインする", "Sign in"],

    "reason.overdue": ["期限超過", "Overdue"],
    "reason.held": ["保留", "Held"],
    "reason.new_detections": ["新しい検知", "New detections"],
    "reason.out_of_hours": ["時間外の到着", "Out of hours"],
    "reason.notice_failed": ["通知の失敗", "Notice failed"],
};
