/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's side of the envelope for tests and vectors in other languages: a JSON object a line in, one out.
 *   sealing_words SIGN_JWK DECRYPT_JWK SECRET   (files)
 *   {"do":"part","handover","manifest_sha256","part","of","clear"}   → {"value"}
 *   {"do":"key","handover","manifest_sha256","recipient"}            → {"value","content_key"}
 *   {"do":"sign","payload"}                                         → {"value"}
 *   {"do":"verify","value","jwks"}                                  → {"payload","kid"} or {"refused"}
 *   {"do":"open","value"}                                           → {"clear","header"} or {"refused"}
 * Clear bytes are base64, values text.
 */
#include "common/desk/limits.h"
#include "common/event.h"
#include "services/escalation/sealing.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_FILE_BYTES_MAX (64 * 1024)
#define TEXT_VARIANT sodium_base64_VARIANT_ORIGINAL

static struct sealing_keys keys;

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static json_t *refused(const struct why *why)
{
    return json_pack("{s:s}", "refused", why->text);
}

static json_t *value_of(char *value)
{
    json_t *answer = json_pack("{s:s}", "value", value);
    free(value);
    return answer;
}

static json_t *base64(const void *bytes, size_t length)
{
    size_t size = sodium_base64_encoded_len(length, TEXT_VARIANT);
    CLEANUP(mem_free) char *text = mem_alloc(size);
    sodium_bin2base64(text, size, bytes, length, TEXT_VARIANT);
    return json_string(text);
}

static void derive(const json_t *line, uint8_t ret_key[SEALING_KEY_BYTES])
{
    sealing_derive(sealing_secret_find(&keys, NULL), text_of(line, "handover"),
                   text_of(line, "manifest_sha256"), ret_key);
}

static json_t *seal_part(const json_t *line)
{
    uint8_t key[SEALING_KEY_BYTES];
    const char *text = text_of(line, "clear");
    size_t length;
    CLEANUP(mem_free) uint8_t *clear = mem_alloc(strlen(text) + 1);
    if (sodium_base642bin(clear, strlen(text) + 1, text, strlen(text), NULL, &length, NULL,
                          TEXT_VARIANT) != 0)
        return json_pack("{s:s}", "refused", "not base64");
    derive(line, key);
    return value_of(sealing_seal_part(key, text_of(line, "handover"),
                                      (size_t)json_integer_value(json_object_get(line, "part")),
                                      (size_t)json_integer_value(json_object_get(line, "of")),
                                      (struct bytes){.data = clear, .length = length}));
}

static json_t *seal_key(const json_t *line)
{
    uint8_t key[SEALING_KEY_BYTES];
    char hex[2 * SEALING_KEY_BYTES + 1];
    derive(line, key);
    sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    json_t *answer = value_of(
        sealing_seal_key(key, json_object_get(line, "recipient"), text_of(line, "handover")));
    json_object_set_new(answer, "content_key", json_string(hex));
    return answer;
}

static json_t *sign(const json_t *line)
{
    return value_of(sealing_sign(&keys, json_object_get(line, "payload")));
}

static json_t *verify(const json_t *line)
{
    struct why why = {0};
    json_auto_t *payload = NULL;
    const char *kid;
    if (sealing_verify(bytes_of(text_of(line, "value")), json_object_get(line, "jwks"), &payload,
                       &kid, &why) != VERDICT_OK)
        return refused(&why);
    return json_pack("{s:O, s:s}", "payload", payload, "kid", kid);
}

static json_t *open_part(const json_t *line)
{
    struct why why = {0};
    json_auto_t *header = NULL;
    CLEANUP(buf_free) struct buf clear;
    buf_init(&clear, LIMIT_CHUNK_BYTES);
    if (sealing_open(&keys, bytes_of(text_of(line, "value")), &clear, &header, &why) != VERDICT_OK)
        return refused(&why);
    return json_pack("{s:o, s:O}", "clear", base64(clear.data, clear.length), "header", header);
}

static json_t *answer(const json_t *line)
{
    static const struct {
        const char *name;
        json_t *(*run)(const json_t *line);
    } acts[] = {{"part", seal_part},
                {"key", seal_key},
                {"sign", sign},
                {"verify", verify},
                {"open", open_part}};
    const char *what = text_of(line, "do");
    for (size_t i = 0; what && i < COUNT_OF(acts); i++)
        if (strcmp(acts[i].name, what) == 0)
            return acts[i].run(line);
    return json_pack("{s:s}", "refused", "unknown act");
}

static char *read_file(const char *path)
{
    char *text = mem_alloc(KEY_FILE_BYTES_MAX);
    FILE *file = fopen(path, "rb");
    size_t length = file ? fread(text, 1, KEY_FILE_BYTES_MAX - 1, file) : 0;
    text[length] = '\0';
    if (!file || fclose(file) != 0) {
        perror(path);
        exit(100);
    }
    return text;
}

int main(int count, char **words)
{
    struct why why = {0};
    if (count != 4 || sodium_init() < 0)
        return 100;
    CLEANUP(mem_free) char *sign_jwk = read_file(words[1]);
    CLEANUP(mem_free) char *decrypt_jwk = read_file(words[2]);
    CLEANUP(mem_free) char *secret = read_file(words[3]);
    if (sealing_keys_load(sign_jwk, decrypt_jwk, secret, &keys, &why) != VERDICT_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 100;
    }
    char *text = NULL;
    size_t size = 0;
    ssize_t length;
    while ((length = getline(&text, &size, stdin)) > 0) {
        json_auto_t *line = json_loadb(text, (size_t)length, 0, NULL);
        json_auto_t *out = answer(line);
        json_dumpf(out, stdout, JSON_COMPACT);
        printf("\n");
        fflush(stdout);
    }
    free(text);
    json_decref(keys.sign);
    json_decref(keys.decrypt);
    return 0;
}
