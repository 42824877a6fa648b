/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Purpose: every limit of the desk in one place (contract §5). Units are in the names.
 */
#define LIMIT_BODY_BYTES (1024 * 1024)
#define LIMIT_JSON_DEPTH 16
#define LIMIT_HEARING_BYTES (128 * 1024)
#define LIMIT_DEVICES 100
#define LIMIT_EVENTS_BYTES_PER_CASE (64 * 1024 * 1024)
#define LIMIT_EVENTS_PER_CASE 10000
/* Further ones for withdrawals, cancellation, close, and the provider's words. */
#define LIMIT_EVENTS_PAST 100
#define LIMIT_OPEN_HANDOVERS 1
#define LIMIT_HANDOVERS_PER_CASE 20
#define LIMIT_UPLOADS_PER_CASE 200
#define LIMIT_SEARCHES_KEPT 20
#define LIMIT_SUMMARY_BYTES (256 * 1024)
#define LIMIT_SUMMARY_SAMPLES 200
#define LIMIT_SUMMARY_RAW_BYTES 2048
#define LIMIT_EXTRACT_RECORDS 200000
#define LIMIT_EXTRACT_BYTES (64LL * 1024 * 1024)
#define LIMIT_CHUNK_BYTES (512 * 1024)
#define LIMIT_LOG_UPLOAD_BYTES (4LL * 1024 * 1024 * 1024)
#define LIMIT_FILE_UPLOAD_BYTES (64LL * 1024 * 1024)
#define LIMIT_HANDOVER_FILES_BYTES (256LL * 1024 * 1024)
#define LIMIT_TRANSACTION_BYTES (4 * 1024 * 1024)
#define LIMIT_REPORT_BYTES (64LL * 1024 * 1024)
#define LIMIT_REPORT_DOCUMENT_BYTES (256 * 1024) /* report.json */
#define LIMIT_REPORT_PARTS 200
#define LIMIT_REPORT_ITEMS 50
#define LIMIT_REPORTS_PER_CASE 20
#define LIMIT_WORD_BYTES (64 * 1024) /* a signed word of the provider */
#define LIMIT_NOTICES_PER_CASE 200
#define LIMIT_PROPOSALS_PER_CASE 100
#define LIMIT_MAILS_PER_RECIPIENT_HOUR 20
/* The desk's own people hear of every case, and not in an hour. */
#define LIMIT_MAILS_PER_DESK_HOUR 200
#define LIMIT_MAILS_PER_CASE_DAY 100
#define LIMIT_CASE_STATE_BYTES (8 * 1024 * 1024)
