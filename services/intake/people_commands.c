/* SPDX-License-Identifier: Apache-2.0 */
/* What an administrator needs to write the operators file. */
#include "services/intake/api_people.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define PASSWORD_BYTES_MIN 12
#define PASSWORD_BYTES_MAX 1024

/* The last line of `text` without its newline; nothing is shown while it is typed. */
static bool read_password(char *ret_text, size_t size)
{
    struct termios usual, silent;
    bool is_terminal = tcgetattr(STDIN_FILENO, &usual) == 0;
    if (is_terminal) {
        fprintf(stderr, "Password: ");
        silent = usual;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    bool read = fgets(ret_text, (int)size, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &usual);
        fprintf(stderr, "\n");
    }
    if (read)
        ret_text[strcspn(ret_text, "\n")] = '\0';
    return read;
}

static int hash_password(int argc, char **argv)
{
    char password[PASSWORD_BYTES_MAX + 2] = "", text[crypto_pwhash_STRBYTES];
    (void)argv;
    if (argc > 1 || !read_password(password, sizeof password)) {
        fprintf(stderr, "hash-password: expected a password on standard input\n");
        return SERVICE_MISUSED;
    }
    if (strlen(password) < PASSWORD_BYTES_MIN || strlen(password) > PASSWORD_BYTES_MAX) {
        fprintf(stderr, "hash-password: expected %d to %d bytes\n", PASSWORD_BYTES_MIN,
                PASSWORD_BYTES_MAX);
        return SERVICE_MISUSED;
    }
    int failed =
        crypto_pwhash_str(text, password, strlen(password), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                          crypto_pwhash_MEMLIMIT_INTERACTIVE);
    sodium_memzero(password, sizeof password);
    if (failed)
        return SERVICE_FAILED;
    puts(text);
    return SERVICE_STOPPED;
}

static int new_token(int argc, char **argv)
{
    uint8_t secret[32];
    char hash[IDS_SHA256_TEXT_SIZE];
    (void)argv;
    if (argc > 1) {
        fprintf(stderr, "new-token: takes no arguments\n");
        return SERVICE_MISUSED;
    }
    ids_random(secret, sizeof secret);
    CLEANUP(mem_free) char *token = base64url_encode(secret, sizeof secret);
    ids_sha256_text(token, strlen(token), hash);
    printf("token %s\nsha256 %s\n", token, hash);
    return SERVICE_STOPPED;
}

const struct service_command people_commands[] = {
    {"hash-password", "reads a password, prints its argon2id text for the operators file",
     hash_password},
    {"new-token", "prints a new API token for its owner and its SHA-256 for the operators file",
     new_token},
    {0},
};
