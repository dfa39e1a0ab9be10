/* Settings: defaults, every row's refusal in words, secrets never shown, help complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "conf/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct given {
    const char *name;
    const char *value;
};

static const char *look_up(void *ctx, const char *name)
{
    for (const struct given *g = ctx; g->name != NULL; g++)
        if (strcmp(g->name, name) == 0)
            return g->value;
    return NULL;
}

static struct conf *load(struct given *given)
{
    struct conf *c = NULL;
    struct err e = {0};
    status st = conf_load(look_up, given, &c, &e);
    if (st != ST_OK)
        fail_msg("%s", e.text);
    return c;
}

#define GIVEN(...) ((struct given[]){__VA_ARGS__ __VA_OPT__(, ){NULL, NULL}})

static void assert_str(str s, const char *want)
{
    if (!str_eq(s, str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(s), want);
}

static const char *refusal(struct given *given)
{
    static struct err e;
    struct conf *c = NULL;
    e = (struct err){0};
    status st = conf_load(look_up, given, &c, &e);
    assert_null(c);
    assert_int_equal(st, ST_UNPROCESSABLE);
    assert_null(strchr(e.text, '\n'));
    return e.text;
}

static void assert_refused(const char *name, const char *value, const char *allowed)
{
    const char *text = refusal(GIVEN({name, value}));
    if (strncmp(text, name, strlen(name)) != 0 || strstr(text, allowed) == NULL)
        fail_msg("%s=%s gave: %s", name, value, text);
}

static void test_a_defaults(void **state)
{
    struct conf *c = load(GIVEN());
    assert_str(c->host, "0.0.0.0");
    assert_int_equal(c->port, 8080);
    assert_str(c->data_dir, "./data");
    assert_int_equal(c->database_url.n, 0);
    assert_str(c->webui_name, "mAI");
    assert_false(c->enable_signup);
    assert_str(c->default_user_role, "pending");
    assert_str(c->openai_api_base_url, "https://openrouter.ai/api/v1");
    assert_int_equal(c->default_markup.ppm, 1300000);
    assert_false(c->allow_private_upstreams);
    assert_true(c->import_is_automatic);
    assert_str(c->forwarded_allow_ips, "127.0.0.1");
    assert_int_equal(c->log_level, LOG_INFO);
    assert_false(c->log_is_json);
    assert_in_range(c->loops, 1, 4);
    assert_int_equal(c->workers, 4);
    assert_int_equal(c->commit_wait_ms, 2);
    assert_int_equal(c->max_body_bytes, 32 << 20);
    assert_int_equal(c->max_bodies_bytes, 256 << 20);
    assert_int_equal(c->max_connections, 10000);
    assert_int_equal(c->max_connections_per_address, 512);
    assert_false(c->has_ignored_api_key);
    conf_free(c);
}

static void test_b_values(void **state)
{
    struct conf *c =
        load(GIVEN({"HOST", "::1"}, {"PORT", "0"}, {"WEBUI_NAME", "mAI - Żółć & Co"},
                   {"WEBUI_URL", "https://chat.example.org/"}, {"ENABLE_SIGNUP", "True"},
                   {"DEFAULT_USER_ROLE", "USER"}, {"LOG_LEVEL", "WARNING"}, {"LOG_FORMAT", "json"},
                   {"DEFAULT_MARKUP_RATE", "1.25"}, {"DATABASE_URL", "sqlite:////srv/mai.db"},
                   {"MAI_LOOPS", "7"}, {"MAI_IMPORT", "off"}, {"OPENAI_API_KEY", "sk-x"},
                   {"FORWARDED_ALLOW_IPS", "10.0.0.0/8, fd00::/8,127.0.0.1"},
                   {"OPENAI_API_BASE_URL", "http://[::1]:9000/api/v1//"}));
    assert_str(c->host, "::1");
    assert_int_equal(c->port, 0);
    assert_str(c->webui_name, "mAI - Żółć & Co");
    assert_str(c->webui_url, "https://chat.example.org");
    assert_true(c->enable_signup);
    assert_str(c->default_user_role, "user");
    assert_int_equal(c->log_level, LOG_WARN);
    assert_true(c->log_is_json);
    assert_int_equal(c->default_markup.ppm, 1250000);
    assert_str(c->database_url, "sqlite:////srv/mai.db");
    assert_int_equal(c->loops, 7);
    assert_false(c->import_is_automatic);
    assert_true(c->has_ignored_api_key);
    assert_str(c->openai_api_base_url, "http://[::1]:9000/api/v1");
    conf_free(c);
}

static void test_c_empty_is_not_set(void **state)
{
    struct conf *c = load(
        GIVEN({"PORT", ""}, {"WEBUI_NAME", ""}, {"WEBUI_SECRET_KEY", ""}, {"OPENAI_API_KEY", ""}));
    assert_int_equal(c->port, 8080);
    assert_str(c->webui_name, "mAI");
    assert_int_equal(c->secret_key.n, 0);
    assert_false(c->has_ignored_api_key);
    conf_free(c);
}

static void test_d_wrong_values(void **state)
{
    static const struct {
        const char *name, *value, *allowed;
    } rows[] = {
        {"PORT", "http", "from 0 to 65535"},
        {"PORT", "65536", "from 0 to 65535"},
        {"PORT", "-1", "\"-1\""},
        {"PORT", "80 ", "from 0 to 65535"},
        {"HOST", "0.0.0.256", "IP address"},
        {"HOST", "example.org", "IP address"},
        {"ENABLE_SIGNUP", "maybe", "true or false"},
        {"DEFAULT_USER_ROLE", "admin", "pending user"},
        {"WEBUI_NAME", "a\nb", "not printable"},
        {"WEBUI_NAME", "\xff", "not printable"},
        {"WEBUI_URL", "chat.example.org", "https://"},
        {"WEBUI_URL", "https://", "https://"},
        {"WEBUI_URL", "https:///path", "https://"},
        {"WEBUI_URL", "https://u:p@host", "https://"},
        {"WEBUI_URL", "https://host:0", "https://"},
        {"WEBUI_URL", "https://host?x=1", "https://"},
        {"OPENAI_API_BASE_URL", "http://[::1", "https://"},
        {"OPENAI_API_BASE_URL", "ftp://x", "https://"},
        {"DATABASE_URL", "sqlite://relative", "sqlite:///path"},
        {"DATABASE_URL", "sqlite:///", "sqlite:///path"},
        {"DATABASE_URL", "mysql://x", "sqlite:///path"},
        {"DEFAULT_MARKUP_RATE", "0", "above 0"},
        {"DEFAULT_MARKUP_RATE", "1,3", "above 0"},
        {"DEFAULT_MARKUP_RATE", "101", "above 0"},
        {"FORWARDED_ALLOW_IPS", "10.0.0.0/33", "10.0.0.0/8"},
        {"FORWARDED_ALLOW_IPS", "10.0.0.1,,", "10.0.0.0/8"},
        {"MAI_IMPORT", "yes", "auto off"},
        {"LOG_LEVEL", "loud", "debug info warn"},
        {"LOG_FORMAT", "xml", "json text"},
        {"MAI_LOOPS", "0", "from 1 to 64"},
        {"MAI_COMMIT_WAIT_MS", "21", "from 0 to 20"},
        {"MAI_MAX_BODY_MB", "0", "megabytes from 1"},
        {"WEBUI_ADMIN_EMAIL", "nobody", "email"},
        {"MAI_PROVIDER_EMAIL", "a@b@c", "email"},
        {"TLS_KEY_FILE", "/nowhere/key.pem", "can read"},
        {"WEBUI_SECRET_KEY_FILE", "/nowhere/key", "can read"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_refused(rows[i].name, rows[i].value, rows[i].allowed);
}

static void test_e_postgresql_is_refused_without_its_password(void **state)
{
    const char *text = refusal(GIVEN({"DATABASE_URL", "postgresql://u:hunter22@db/mai"}));
    assert_non_null(strstr(text, "PostgreSQL is not supported in this version"));
    assert_null(strstr(text, "hunter22"));
}

static void test_f_secrets_are_never_shown(void **state)
{
    assert_null(strstr(refusal(GIVEN({"MAI_PROVIDER_PASSWORD", "hunter2"})), "hunter2"));
    assert_null(strstr(refusal(GIVEN({"WEBUI_SECRET_KEY", "hun\nter2"})), "ter2"));
}

static void test_g_pairs(void **state)
{
    assert_non_null(
        strstr(refusal(GIVEN({"MAI_PROVIDER_EMAIL", "p@example.org"})),
               "MAI_PROVIDER_PASSWORD: must be given together with MAI_PROVIDER_EMAIL"));
    assert_non_null(strstr(refusal(GIVEN({"WEBUI_ADMIN_PASSWORD", "long enough"})),
                           "WEBUI_ADMIN_EMAIL: must be given together with"));
    assert_non_null(strstr(refusal(GIVEN({"TLS_KEY_FILE", "/dev/null"})), "TLS_CERTIFICATE_FILE"));
    assert_non_null(
        strstr(refusal(GIVEN({"MAI_MAX_BODIES_MB", "8"})), "at least MAI_MAX_BODY_MB (32)"));
}

static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void test_h_secret_from_a_file(void **state)
{
    char path[] = "/tmp/mai-conf-XXXXXX";
    write_file(path, "  correct horse battery\n");
    struct conf *c =
        load(GIVEN({"MAI_PROVIDER_EMAIL", "p@example.org"}, {"MAI_PROVIDER_PASSWORD_FILE", path}));
    assert_str(c->provider_password, "correct horse battery");
    conf_free(c);
    const char *both = refusal(GIVEN({"OPENROUTER_PROVISIONING_KEY", "sk-or-v1-secret"},
                                     {"OPENROUTER_PROVISIONING_KEY_FILE", path}));
    assert_non_null(strstr(both, "not both"));
    assert_null(strstr(both, "sk-or"));
    unlink(path);
}

static void test_i_secret_file_with_a_bad_secret(void **state)
{
    char path[] = "/tmp/mai-conf-XXXXXX";
    write_file(path, "short\n");
    const char *text = refusal(GIVEN({"OPENROUTER_PROVISIONING_KEY_FILE", path}));
    assert_non_null(strstr(text, "8 to 512 bytes"));
    assert_null(strstr(text, "short"));
    unlink(path);
}

static void test_j_huge_values(void **state)
{
    static char huge[100000];
    memset(huge, 'x', sizeof huge - 1);
    assert_non_null(strstr(refusal(GIVEN({"WEBUI_NAME", huge})), "too long"));
    huge[8000] = '\0';
    assert_non_null(strstr(refusal(GIVEN({"WEBUI_NAME", huge})), "..."));
}

static void test_k_help_names_everything(void **state)
{
    static const char *const words[] = {"HOST",
                                        "MAI_WORKERS",
                                        "[8080]",
                                        "[cores, at most 4]",
                                        "OPENROUTER_PROVISIONING_KEY_FILE",
                                        "true or false"};
    struct buf b;
    buf_init(&b, 65536);
    conf_print_help(&b);
    assert_false(b.is_full);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        assert_non_null(strstr(buf_z(&b), words[i]));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_defaults),
        cmocka_unit_test(test_b_values),
        cmocka_unit_test(test_c_empty_is_not_set),
        cmocka_unit_test(test_d_wrong_values),
        cmocka_unit_test(test_e_postgresql_is_refused_without_its_password),
        cmocka_unit_test(test_f_secrets_are_never_shown),
        cmocka_unit_test(test_g_pairs),
        cmocka_unit_test(test_h_secret_from_a_file),
        cmocka_unit_test(test_i_secret_file_with_a_bad_secret),
        cmocka_unit_test(test_j_huge_values),
        cmocka_unit_test(test_k_help_names_everything),
    };
    return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
