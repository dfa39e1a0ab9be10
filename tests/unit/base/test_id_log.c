/* Identifiers are unique and in order; a log line is one line, whatever its fields hold. */
#include "unit/testing.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"

#include <unistd.h>

static void ids_are_version_7(void **state)
{
    char id[ID_CAP], before[ID_CAP] = "";
    for (int i = 0; i < 1000; i++) {
        int64_t from = clock_now_ms();
        id_new(id);
        int64_t to = clock_now_ms();
        assert_true(id_is_valid(str_c(id)));
        assert_int_equal(id[14], '7');
        assert_non_null(strchr("89ab", id[19]));
        char ms_text[] = {id[0], id[1], id[2],  id[3],  id[4],  id[5], id[6],
                          id[7], id[9], id[10], id[11], id[12], 0};
        int64_t ms = strtoll(ms_text, NULL, 16);
        assert_true(ms >= from && ms <= to);
        assert_string_not_equal(id, before);
        memcpy(before, id, sizeof id);
    }
}

static void ids_sort_by_time(void **state)
{
    char early[ID_CAP], late[ID_CAP];
    for (int i = 0; i < 48; i++) {
        id_new(early);
        clock_set_offset_ms((INT64_C(1) << i) / 8 + 10);
        id_new(late);
        clock_set_offset_ms(0);
        if (i < 47)
            assert_true(strcmp(early, late) < 0);
    }
}

static void knows_what_looks_like_an_id(void **state)
{
    static const char *const bad[] = {
        "",
        "x",
        "0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1",
        "0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1bb",
        "0190a5b2x7c3d-7e4f-8a5b-6c7d8e9f0a1b",
        "0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1g",
        "0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1\n",
        "{190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1}",
        "-190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0a1b",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(id_is_valid(str_c(bad[i])));
    assert_true(id_is_valid(STR("0190a5b2-7c3d-7e4f-8a5b-6c7d8e9f0A1B")));
}

static void random_text_uses_its_whole_alphabet(void **state)
{
    static char text[62001];
    int seen[256] = {0};
    random_text(text, sizeof text - 1);
    assert_int_equal(strlen(text), sizeof text - 1);
    for (size_t i = 0; i < sizeof text - 1; i++)
        seen[(unsigned char)text[i]]++;
    for (int c = 0; c < 256; c++) {
        bool is_ours = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        /* 1000 of each are expected; 7 standard deviations either way */
        assert_true(is_ours ? seen[c] > 780 && seen[c] < 1220 : seen[c] == 0);
    }
    random_text(text, 0);
    assert_string_equal(text, "");
}

/* ---- log lines, read back from a pipe in the place of standard error ---- */

static void capture(void (*emit)(void), struct buf *out)
{
    int pipe_fds[2], saved = dup(STDERR_FILENO);
    assert_int_equal(pipe(pipe_fds), 0);
    dup2(pipe_fds[1], STDERR_FILENO);
    emit();
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(pipe_fds[1]);
    ssize_t n;
    while ((n = read(pipe_fds[0], buf_reserve(out, 65536), 65536)) > 0)
        buf_grow_by(out, (size_t)n);
    close(pipe_fds[0]);
}

static void emit_hostile(void)
{
    log_info("request", LF_Z("plain", "abc"), LF_Z("empty", ""), LF_Z("space", "a b"),
             LF_Z("eq", "a=b"), LF_Z("quote", "a\"b\\"), LF_Z("lines", "a\r\nlevel=error forged"),
             LF_Z("esc", "\x1b[31m\x7f"), LF_Z("c1", "\xc2\x9b"), LF_Z("bad", "\xff"),
             LF_Z("utf8", "za\xc5\xbc"), LF_INT("n", INT64_MIN));
    log_debug("not shown", LF_INT("n", 1));
    log_error("bare");
}

/* Cuts the time off the front. */
static str after_time(str line, size_t n)
{
    assert_true(line.n > n);
    return str_from(line, n);
}

static void text_lines_cannot_be_forged(void **state)
{
    MAI_AUTO(buf_free) struct buf out;
    str rest, line;
    buf_init(&out, 1 << 20);
    log_setup(LOG_INFO, false);
    capture(emit_hostile, &out);
    rest = buf_view(&out);
    assert_true(str_split(&rest, '\n', &line));
    assert_str(
        after_time(line, 25),
        STR("info  request plain=abc empty=\"\" space=\"a b\" eq=\"a=b\" quote=\"a\\\"b\\\\\" "
            "lines=\"a\\u000d\\nlevel=error forged\" esc=\"\\u001b[31m\\u007f\" c1=\"\\u009b\" "
            "bad=\"(not UTF-8)\" utf8=za\xc5\xbc n=-9223372036854775808"));
    assert_true(str_split(&rest, '\n', &line));
    assert_str(after_time(line, 25), STR("error bare"));
    assert_str(rest, STR(""));
}

static void json_lines_cannot_be_forged(void **state)
{
    MAI_AUTO(buf_free) struct buf out;
    str rest, line;
    buf_init(&out, 1 << 20);
    log_setup(LOG_INFO, true);
    capture(emit_hostile, &out);
    log_setup(LOG_INFO, false);
    rest = buf_view(&out);
    assert_true(str_split(&rest, '\n', &line));
    assert_str(
        after_time(line, 34),
        STR(",\"level\":\"info\",\"event\":\"request\",\"plain\":\"abc\",\"empty\":\"\",\"space\":"
            "\"a b\","
            "\"eq\":\"a=b\",\"quote\":\"a\\\"b\\\\\",\"lines\":\"a\\u000d\\nlevel=error forged\","
            "\"esc\":\"\\u001b[31m\\u007f\",\"c1\":\"\\u009b\",\"bad\":\"(not "
            "UTF-8)\",\"utf8\":\"za\xc5\xbc\","
            "\"n\":-9223372036854775808}"));
    assert_true(str_split(&rest, '\n', &line));
    assert_str(rest, STR(""));
}

static char huge[100000];

static void emit_huge(void)
{
    log_info("one", LF_Z("big", huge), LF_INT("after", 1));
    log_info("many", LF_Z("a", huge), LF_Z("b", huge), LF_Z("c", huge), LF_Z("d", huge),
             LF_Z("e", huge));
}

/* Long fields are cut, fields that do not fit are left out, and the line stays whole. */
static void long_lines_stay_whole(void **state)
{
    MAI_AUTO(buf_free) struct buf out;
    str rest, line;
    memset(huge, 'x', sizeof huge - 1);
    memcpy(huge + 4095, "\xc5\xbc", 2); /* across the cut */
    buf_init(&out, 1 << 20);
    log_setup(LOG_INFO, true);
    capture(emit_huge, &out);
    log_setup(LOG_INFO, false);
    rest = buf_view(&out);
    assert_true(str_split(&rest, '\n', &line));
    assert_true(str_is_utf8(line) && str_ends(line, STR("x...\",\"after\":1}")));
    assert_true(str_split(&rest, '\n', &line));
    assert_true(line.n < 16384 && str_ends(line, STR("x...\",\"cut\":true}")));
    assert_str(rest, STR(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_version_7),
        cmocka_unit_test(ids_sort_by_time),
        cmocka_unit_test(knows_what_looks_like_an_id),
        cmocka_unit_test(random_text_uses_its_whole_alphabet),
        cmocka_unit_test(text_lines_cannot_be_forged),
        cmocka_unit_test(json_lines_cannot_be_forged),
        cmocka_unit_test(long_lines_stay_whole),
    };
    return cmocka_run_group_tests_name("base_id_log", tests, NULL, NULL);
}
