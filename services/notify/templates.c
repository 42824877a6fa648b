/* SPDX-License-Identifier: Apache-2.0 */
#include "services/notify/templates.h"

#include "common/util.h"

#include <string.h>

/* clang-format off */
const struct template templates[] = {
/* --- customers --- */
{"received", {
    {"受付のお知らせ",
     "ご相談を受け付けました。受付番号は {{number}} です。",
     "{{opening}}",
     "{{advice}}"},
    {"We have received your call",
     "We have received your call. Your case number is {{number}}.",
     "{{opening}}",
     "{{advice}}"}}},
{"policy_decided", {
    {"対応方針のお知らせ",
     "受付番号 {{number}} の対応方針が決まりました。",
     "担当者がお電話で手順をご案内します。ご不明な点は、そのときにお尋ねください。",
     "対応方針は次のとおりです。\n{{policy}}{{advice}}"},
    {"How we will respond",
     "It is decided how we respond to case {{number}}.",
     "Our operator will take you through the steps by telephone. Please ask whatever is unclear.",
     "This is what was decided:\n{{policy}}{{advice}}"}}},
{"detections_found", {
    {"ログ確認のお知らせ",
     "受付番号 {{number}} について、セキュリティログの確認が終わりました。",
     "内容は担当者からお電話でご説明しますので、それまでは機器をそのままにしてお待ちください。",
     "該当する記録が {{records}} 件、うち検知が {{detections}} 件（遮断済み {{blocked}} 件）見つかりました。\n"},
    {"Your logs were checked",
     "The check of your security logs for case {{number}} has finished.",
     "Our operator will explain the result by telephone; please leave the devices as they are until then.",
     "We found {{records}} matching records, of which {{detections}} are detections ({{blocked}} of them blocked).\n"}}},
{"detections_none", {
    {"ログ確認のお知らせ",
     "受付番号 {{number}} について、セキュリティログの確認が終わりました。",
     "確認した範囲は担当者からお電話でご説明します。新しい症状があれば、お電話でお知らせください。",
     "確認した期間に、該当する記録は見つかりませんでした。記録がないことは、被害がないことの証明ではありません。\n"},
    {"Your logs were checked",
     "The check of your security logs for case {{number}} has finished.",
     "Our operator will tell you by telephone what was covered. Please call us if anything new happens.",
     "No matching record was found in the period we checked. That there is none does not prove that nothing happened.\n"}}},
{"first_response", {
    {"一次対応のまとめ",
     "受付番号 {{number}} の一次対応が一区切りしました。",
     "行った対応を下でご確認いただき、違う点があればお電話でお知らせください。",
     "ここまでに行った対応は次のとおりです。\n{{steps}}"},
    {"The first response so far",
     "The first response to case {{number}} has come to a stop.",
     "Please look through what was done, below, and call us if anything is not as you know it.",
     "This is what has been done:\n{{steps}}"}}},
{"provider_introduced", {
    {"提供会社のご紹介",
     "受付番号 {{number}} には詳しい調査が必要と考え、{{provider}} をご紹介します。",
     "ご利用になる場合は、お電話でその旨をお知らせください。ご意思を伺うまで、同社には何もお送りしません。",
     "{{provider}} の調査は有料です。費用と内容は、同社から直接ご案内します。\n{{needed}}{{warnings}}"},
    {"The forensic provider",
     "We think that case {{number}} needs a closer investigation, and introduce {{provider}} to you.",
     "If you want to use their service, please tell us by telephone. Nothing is sent to them before you do.",
     "The investigation by {{provider}} is charged for; they will tell you themselves what it costs and contains.\n{{needed}}{{warnings}}"}}},
{"handover_held", {
    {"提供会社へのご紹介について",
     "受付番号 {{number}} の提供会社への情報提供は、まだ行っていません。",
     "次の点が解消しましたらお送りします。お電話でお知らせください。",
     "{{reasons}}それまで、提供会社には何もお送りしません。\n{{warnings}}"},
    {"About the forensic provider",
     "Nothing of case {{number}} has been handed to the provider yet.",
     "It goes as soon as the following is complete. Please call us about it.",
     "{{reasons}}Until then nothing is sent to the provider.\n{{warnings}}"}}},
{"handover_offered", {
    {"提供会社へのご紹介について",
     "受付番号 {{number}} を {{provider}} にご紹介しました。",
     "同社の回答をお待ちください。取りやめる場合は、下記の電話番号へご連絡ください。",
     "情報は封をした状態でお送りしており、同社が引き受けるまで開くことはできません。\n{{warnings}}"},
    {"About the forensic provider",
     "{{provider}} has been offered case {{number}}.",
     "Please wait for their answer. Call the number below if you want to stop it.",
     "What we sent is sealed; they cannot open it before they accept.\n{{warnings}}"}}},
{"handover_accepted", {
    {"提供会社の引き受けについて",
     "{{provider}} が受付番号 {{number}} を引き受けました。",
     "同社から直接ご連絡がありますので、お待ちください。",
     "取りやめる場合は、下記の電話番号へご連絡ください。同社に削除を求めます。\n"},
    {"The provider has accepted",
     "{{provider}} has accepted case {{number}}.",
     "They will contact you directly; please wait to hear from them.",
     "If you want to stop it, call the number below: we will ask them to delete everything.\n"}}},
{"handover_declined", {
    {"提供会社の回答について",
     "{{provider}} は、受付番号 {{number}} を引き受けられないと回答しました。",
     "これからの進め方を、担当者からお電話でご相談します。",
     "お送りした情報は封をしたままで、同社は開くことができません。\n"},
    {"The provider's answer",
     "{{provider}} has answered that they cannot take case {{number}}.",
     "Our operator will call you to talk about what to do instead.",
     "What we sent is still sealed; they cannot open it.\n"}}},
{"handover_recalled", {
    {"提供の取り消しについて",
     "受付番号 {{number}} の提供会社への情報提供を取り消しました。",
     "していただくことはありません。{{provider}} の回答があればお知らせします。",
     "{{provider}} に中止と削除を求めています。\n"},
    {"The hand-over is recalled",
     "The hand-over of case {{number}} has been recalled.",
     "There is nothing you need to do. We will tell you what {{provider}} answers.",
     "We have asked {{provider}} to stop and to delete.\n"}}},
{"handover_deleted", {
    {"提供先での削除について",
     "受付番号 {{number}} についてお渡しした情報を削除したと、{{provider}} から回答がありました。",
     "していただくことはありません。",
     ""},
    {"Deleted by the provider",
     "{{provider}} has told us that it deleted what it was given for case {{number}}.",
     "There is nothing you need to do.",
     ""}}},
{"report_received", {
    {"調査報告書について",
     "受付番号 {{number}} の調査報告書が、{{provider}} から窓口にも届きました。",
     "設定のご提案があれば、担当者からお電話でご説明します。",
     "窓口はこの報告書を、セキュリティ設定のご提案と設定作業のためだけに使います（同意書 3）。\n"
     "設定は、ご同意いただいたものだけを変更します。\n"},
    {"The report has arrived",
     "The report of {{provider}} on case {{number}} has reached the desk.",
     "If there are proposals our operator will explain them by telephone.",
     "We use it for proposals and work on your security settings only (consent form, 3).\n"
     "Nothing is changed that you have not agreed to.\n"}}},
{"proposal_to_decide", {
    {"設定変更のご提案",
     "受付番号 {{number}} について、セキュリティ設定の変更をご提案します。",
     "お電話で、変更してよいか、見送るかをお知らせください。お返事があるまで何も変更しません。",
     "ご提案は次のとおりです。\n{{proposals}}"},
    {"Proposed changes of settings",
     "We propose changes of your security settings for case {{number}}.",
     "Please tell us by telephone whether we may make them or not. Nothing is changed before you do.",
     "These are the proposals:\n{{proposals}}"}}},
{"settings_applied", {
    {"設定作業の完了について",
     "受付番号 {{number}} について、ご同意いただいた設定作業が終わりました。",
     "通信や業務に支障がないかご確認いただき、何かあればお電話でお知らせください。元に戻すことができます。",
     ""},
    {"The settings are changed",
     "The changes of settings that you agreed to for case {{number}} are done.",
     "Please check that everything works, and call us if anything does not: we can take them back.",
     ""}}},
{"case_closed", {
    {"対応終了のお知らせ",
     "受付番号 {{number}} の対応を終了しました。",
     "ご不明な点や新しい症状があれば、同じ番号をお伝えのうえご連絡ください。",
     "{{dates_ahead}}"},
    {"The case is closed",
     "Case {{number}} has been closed.",
     "If anything is unclear or something new happens, call us and name this number.",
     "{{dates_ahead}}"}}},
{"breach_dates", {
    {"報告の期限について",
     "受付番号 {{number}} では、個人データが漏えいしたおそれがあります。",
     "個人情報保護委員会への報告が必要かどうかをご検討ください。報告は御社で行っていただきます。",
     "報告が必要な場合の期限は、次のとおりです。{{known_day}}から数えています。\n"
     "- 速報（目安）：{{preliminary_from}}から{{preliminary_day}}まで（{{guideline}}）\n"
     "- 確報（期限）：{{final_day}}まで、{{final_days}} 日以内（{{law}}）\n"
     "{{entrusted}}速報は、その時点で分かっていることだけでかまいません。期限が近づきましたらお知らせします。\n"},
    {"Dates of reports",
     "In case {{number}} it is possible that personal data has leaked.",
     "Please consider whether it is to be reported to the Personal Information Protection Commission. The report is yours to make.",
     "If so, these are the dates, counted from {{known_day}}:\n"
     "- preliminary report (guideline): from {{preliminary_from}} to {{preliminary_day}} ({{guideline}})\n"
     "- final report (due): by {{final_day}}, within {{final_days}} days ({{law}})\n"
     "{{entrusted}}The preliminary report may say what is known then, and no more. We will remind you.\n"}}},
{"preliminary_ahead", {
    {"速報の目安について",
     "受付番号 {{number}} について、個人情報保護委員会への速報の目安は{{preliminary_day}}までです。",
     "報告が必要な場合は、分かっていることだけで速報をお出しください。出された場合は、お電話でお知らせください。",
     "速報は「速やかに」とされ、{{preliminary_from}}から{{preliminary_day}}までは目安です（{{guideline}}）。{{known_day}}から数えています。\n{{entrusted}}{{late}}"},
    {"The preliminary report",
     "The guideline for a preliminary report on case {{number}} to the commission is by {{preliminary_day}}.",
     "If it is to be reported, please do so with what is known. Tell us by telephone once you have.",
     "It is due \"promptly\"; from {{preliminary_from}} to {{preliminary_day}} is a guideline ({{guideline}}), counted from {{known_day}}.\n{{entrusted}}{{late}}"}}},
{"preliminary_last", {
    {"速報の目安の日について",
     "受付番号 {{number}} について、個人情報保護委員会への速報の目安は{{preliminary_day}}です。",
     "報告が必要でまだの場合は、分かっていることだけで、すぐに速報をお出しください。",
     "これは目安で、法令が定めるのは「速やかに」です（{{guideline}}）。目安を過ぎていても、お出しになることが大切です。\n{{entrusted}}{{late}}"},
    {"The preliminary report",
     "The guideline for a preliminary report on case {{number}} to the commission is {{preliminary_day}}.",
     "If it is to be reported and has not been, please do so at once, with what is known.",
     "This is a guideline; the rule says \"promptly\" ({{guideline}}). Even after that day it matters that it is made.\n{{entrusted}}{{late}}"}}},
{"final_ahead", {
    {"確報の期限について",
     "受付番号 {{number}} について、個人情報保護委員会への確報の期限は{{final_day}}です。",
     "報告が必要な場合は、期限までに確報をお出しください。出された場合は、お電話でお知らせください。",
     "期限は{{known_day}}から数えて {{final_days}} 日以内です（{{law}}）。\n{{entrusted}}{{late}}"},
    {"The final report",
     "The final report on case {{number}} to the commission is due by {{final_day}}.",
     "If it is to be reported, please make the final report by then. Tell us by telephone once you have.",
     "It is due within {{final_days}} days from {{known_day}} ({{law}}).\n{{entrusted}}{{late}}"}}},
{"final_last", {
    {"確報の期限について",
     "受付番号 {{number}} について、個人情報保護委員会への確報の期限は{{final_day}}です。",
     "報告が必要でまだの場合は、すぐに確報をお出しください。",
     "期限は法令によるものです（{{law}}）。\n{{entrusted}}{{late}}"},
    {"The final report",
     "The final report on case {{number}} to the commission is due by {{final_day}}.",
     "If it is to be reported and has not been, please make the final report at once.",
     "The date is set by the rules ({{law}}).\n{{entrusted}}{{late}}"}}},

/* --- the desk's own people: the case is looked at where it is kept, not in a mailbox --- */
{"callback_due", {
    {"折り返しの時刻です",
     "受付番号 {{number}}：折り返しを {{callback_at}} に約束しています。",
     "お客様にお電話し、折り返したことを記録してください。",
     "{{late}}"},
    {"A call is due",
     "Case {{number}}: a call was promised for {{callback_at}}.",
     "Please call the customer, and note that you did.",
     "{{late}}"}}},
{"callback_missed", {
    {"折り返しの記録がありません",
     "受付番号 {{number}}：{{callback_at}} に約束した折り返しの記録がありません。",
     "すぐにお客様へお電話し、折り返したことを記録してください。",
     "{{late}}"},
    {"A promised call was not noted",
     "Case {{number}}: nobody has noted the call that was promised for {{callback_at}}.",
     "Please call the customer at once, and note that you did.",
     "{{late}}"}}},
{"desk_declined", {
    {"提供会社が辞退しました",
     "受付番号 {{number}}：{{provider}} から、引き受けられないと回答がありました。",
     "お客様にお電話し、これからの進め方を相談してください。",
     ""},
    {"The provider has declined",
     "Case {{number}}: {{provider}} has answered that they cannot take it.",
     "Please call the customer to talk about what to do instead.",
     ""}}},
{"overdue", {
    {"提供会社の回答期限です",
     "受付番号 {{number}}：{{provider}} の回答期限 {{reply_by}} になりましたが、回答がありません。",
     "提供会社に電話で確認し、お客様に状況をお伝えください。",
     "{{late}}"},
    {"The provider's answer is due",
     "Case {{number}}: {{provider}} was to answer by {{reply_by}} and has not.",
     "Please ask the provider by telephone, and tell the customer.",
     "{{late}}"}}},
{"reply_missing", {
    {"提供会社の回答がありません",
     "受付番号 {{number}}：{{provider}} の回答期限 {{reply_by}} から、さらに時間がたちました。",
     "提供会社の責任者に確認し、取りやめるかどうかを判断してください。",
     "{{late}}"},
    {"The provider has not answered",
     "Case {{number}}: {{provider}} was to answer by {{reply_by}}, and as much time again has passed.",
     "Please ask the person in charge there, and decide whether to take it back.",
     "{{late}}"}}},
{"inactive", {
    {"動きのない案件です",
     "受付番号 {{number}}：{{changed_at}} から何も記録されていません。",
     "お客様の状況を確認し、次の予定を記録するか、対応を終了してください。",
     "{{late}}"},
    {"Nothing happens in a case",
     "Case {{number}}: nothing has been noted since {{changed_at}}.",
     "Please ask how the customer is, and note what comes next, or close the case.",
     "{{late}}"}}},
{"breach_desk", {
    {"報告の期限が近い案件です",
     "受付番号 {{number}}：個人情報保護委員会への速報の目安は{{preliminary_day}}、確報の期限は{{final_day}}です。",
     "お客様にお電話で状況を伺い、報告された場合は記録してください（ppc_preliminary_report、ppc_final_report）。",
     "- 速報：目安（{{guideline}}）\n- 確報：期限（{{law}}）\n窓口は報告を代行しません。\n{{late}}"},
    {"A report may be due",
     "Case {{number}}: the guideline for the preliminary report to the commission is {{preliminary_day}}, the final one is due by {{final_day}}.",
     "Please ask the customer by telephone, and note it once it was made (ppc_preliminary_report, ppc_final_report).",
     "- preliminary: a guideline ({{guideline}})\n- final: due ({{law}})\nThe desk does not file for the customer.\n{{late}}"}}},
{"address_refused", {
    {"メールが届かないお客様です",
     "受付番号 {{number}}：お客様のメールアドレスが、メールサーバに受け付けられませんでした。",
     "お電話でアドレスを確認し、ヒアリングシートを直してください。",
     ""},
    {"A customer's address is refused",
     "Case {{number}}: the mail server refuses the customer's address.",
     "Please read it back by telephone, and correct the hearing sheet.",
     ""}}},
{"storm", {
    {"お知らせを止めました",
     "受付番号 {{number}}：一日のお知らせが上限に達したため、残りを止めました。",
     "案件の記録を見て、同じ操作が繰り返されていないか確認してください。",
     "止めたお知らせは、案件に理由とともに残っています。\n"},
    {"Notices were stopped",
     "Case {{number}}: there were more notices in a day than a case may have; the rest was stopped.",
     "Please look at the case: something may be repeating itself.",
     "What was stopped stands on the case with the reason.\n"}}},

/* --- the provider --- */
{"provider_overdue", {
    {"ご回答のお願い",
     "受付番号 {{number}} について、ご回答の期限 {{reply_by}} を過ぎています。",
     "お引き受けの可否を、所定の方法でご回答ください。",
     "引き渡し {{handover}}\n{{late}}"},
    {"Your answer is due",
     "Your answer about case {{number}} was due by {{reply_by}}.",
     "Please accept or decline it in the agreed way.",
     "Hand-over {{handover}}\n{{late}}"}}},
};
/* clang-format on */
const size_t template_count = COUNT_OF(templates);

const char *const template_footer[2] = {
    "{{desk}}\n電話 {{phone}}（受付時間 {{hours}}）\n"
    "このメールには返信いただけません。お電話でご連絡ください。\n"
    "この窓口からお伝えした内容は、本件の対応以外に使用したり、第三者に開示したりしないようお願い"
    "します。\n",
    "{{desk}}\nTelephone {{phone}} ({{hours}})\n"
    "Please do not answer this mail: call us.\n"
    "Please keep what the desk tells you confidential and use it for this case only.\n",
};

const char *const template_desk_footer[2] = {
    "{{desk}}\n自動のお知らせです。案件の内容は、窓口の画面でご覧ください。\n",
    "{{desk}}\nThis is an automatic notice. What the case is about stands at the desk.\n",
};

const struct template *template_find(const char *name)
{
    for (size_t i = 0; name && i < template_count; i++)
        if (strcmp(templates[i].name, name) == 0)
            return &templates[i];
    return NULL;
}
