/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Purpose: valid bodies of POST /v1/cases that tests start from. Every company, person and number in them is made up. */

#define HEARING_SAMPLE_LEAST                                                                                           \
    "{\"contact\":{\"company\":\"見本製作所\",\"phone\":\"03-0000-1234\"},\"incident\":{\"summary\":\"画面に身代金の要求\"}}"

#define HEARING_SAMPLE_ANSWERS                                                                                         \
    "{\"customer_id\":\"SAMPLE-A\",\"contact\":{\"company\":\"見本製作所\",\"phone\":\"０３（００００）１２３４\","    \
    "\"email\":\"ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ\",\"person\":\"declined\"},"                                         \
    "\"incident\":{\"summary\":\"x\",\"discovered_at\":\"unknown\",\"priorities\":\"declined\"},\"device\":\"unknown\","  \
    "\"logs\":\"declined\",\"actions_taken\":[],\"legal\":{\"persons_estimated\":\"unknown\",\"data_kinds\":\"unknown\"},"  \
    "\"tlp\":\"TLP:CLEAR\"}"

#define HEARING_SAMPLE_FULL                                                                                            \
    "{\"contact\":{\"company\":\"見本製作所\",\"department\":\"総務部\",\"person\":\"見本 太郎\",\"phone\":\"03-0000-1234\"," \
    "\"email\":\"taro@example.jp\",\"responsible_person\":\"見本 花子\",\"alternative\":\"090-0000-0000\"},"                \
    "\"incident\":{\"type\":\"ransomware\",\"summary\":\"朝出社したら、ファイルが開けなくなっていた。\","                 \
    "\"purpose\":\"原因と漏えいの有無\",\"priorities\":[\"information_leak\",\"root_cause\"],\"priority_other\":\"早い復旧\"," \
    "\"information_leak\":\"unknown\",\"discovered_at\":\"2026-11-24T08:45:00+09:00\",\"discovered_at_precision\":\"minute\"," \
    "\"known_at\":\"2026-11-24T09:00:00+09:00\",\"discovery_trigger\":\"従業員の申告\","                                 \
    "\"occurred_from\":\"2026-11-23T22:00:00+09:00\",\"occurred_from_precision\":\"hour\",\"occurred_to\":\"unknown\","  \
    "\"target\":\"ファイルサーバ\",\"operations_at_time\":\"なし\",\"other_requests\":\"なし\"},"                         \
    "\"actions_taken\":[{\"what\":\"LAN ケーブルを抜いた\",\"who\":\"見本 太郎\",\"at\":\"2026-11-24T09:05:00+09:00\"}],"  \
    "\"device\":[{\"identification\":\"identified\",\"name\":\"FS-01\",\"addresses\":[\"192.0.2.10\",\"2001:db8::10\"],"  \
    "\"mac\":\"00:11:22:AA:BB:CC\",\"usage\":\"shared\",\"os\":\"Windows Server 2019\",\"antivirus\":\"unknown\","        \
    "\"external_connection\":\"isolated\",\"disk_encrypted\":\"no\",\"clock_error_s\":-90,\"ntp\":\"yes\"},{}],"          \
    "\"network\":{\"configuration\":\"UTM の下に 1 セグメント\",\"entry_points\":[\"VPN\",\"RDP\"]},"                     \
    "\"logs\":[{\"kind\":\"utm\",\"available\":\"yes\",\"period_from\":\"2026-10-01T00:00:00+09:00\","                    \
    "\"period_to\":\"2026-11-24T00:00:00+09:00\",\"retention_days\":90}],\"other_info\":\"なし\","                        \
    "\"legal\":{\"persons_estimated\":1200,\"data_kinds\":[\"氏名\",\"住所\"],\"entrusted_by\":\"なし\"},"                \
    "\"insurance\":{\"has\":\"yes\",\"insurer\":\"見本損害保険\"},\"tlp\":\"TLP:AMBER+STRICT\","                           \
    "\"sources\":{\"/device/0/os\":\"log\",\"/contact/company\":\"contract\",\"/insurance/has\":\"contract\"},\"customer_id\":\"SAMPLE-A\"}"
