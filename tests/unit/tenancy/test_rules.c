/* Names in the scripts of the world, addresses, passwords, folding. */
#include "fixture.h"

static struct arena arena;

static int start(void **state)
{
    arena_init(&arena, 1024 * 1024);
    return 0;
}

static int end(void **state)
{
    arena_free(&arena);
    return 0;
}

static void names_of_every_script_pass(void **state)
{
    static const char *const names[] = {
        "Company ABC", "Żółć Łódź sp. z o.o.", "Müller & Söhne GmbH", "Ελληνική Εταιρεία", "ООО «Ромашка»",
        "شركة المثال", "חברת הדוגמה", "株式会社サンプル", "示例公司", "예시 회사", "उदाहरण कंपनी", "บริษัท ตัวอย่าง",
        "Շիրակ", "ქართული", "ကုမ္ပဏီ", "می\u200cخواهم", "👩‍👩‍👧 Family", "O'Brien \"Quotes\" <b>", "𐍈𐌰", "x",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        str out;
        assert_st(name_clean(str_c(names[i]), "The name", &out, NULL), ST_OK);
        assert_str(out, str_c(names[i]));
    }
}

static void names_are_trimmed_of_blanks_of_all_kinds(void **state)
{
    str out;
    assert_st(name_clean(STR(" \t\u00a0\u3000Firma X\u2003\n"), "The name", &out, NULL), ST_OK);
    assert_str(out, STR("Firma X"));
    assert_st(name_clean(STR("\u200bA\ufeff"), "The name", &out, NULL), ST_OK);
    assert_str(out, STR("A"));
}

static void names_that_are_none_are_refused_in_words(void **state)
{
    static const struct {
        str name;
        const char *words;
    } bad[] = {
        {STR_INIT(""), "empty"},
        {STR_INIT("  \u200b\u2060 \u3000"), "empty"},
        {STR_INIT("a\x01z"), "control"},
        {STR_INIT("a\0z"), "control"},
        {STR_INIT("two\nlines"), "control"},
        {STR_INIT("evil\u202egpj.exe"), "control"},
        {STR_INIT("a\u2028z"), "control"},
        {STR_INIT("a\xc2\x85z"), "control"},
        {STR_INIT("broken \xff"), "not valid"},
        {STR_INIT("over\xc0\xafLong"), "not valid"},
        {STR_INIT("\xed\xa0\x80"), "not valid"},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        str out = STR("untouched");
        struct err e = {};
        assert_st(name_clean(bad[i].name, "The name", &out, &e), ST_UNPROCESSABLE);
        assert_str(out, STR("untouched"));
        if (strstr(e.text, bad[i].words) == NULL)
            fail_msg("row %zu: \"%s\" lacks \"%s\"", i, e.text, bad[i].words);
    }
}

static void a_name_has_at_most_200_characters_not_bytes(void **state)
{
    char text[201 * 4];
    for (size_t i = 0; i < sizeof text; i += 4)
        memcpy(text + i, "𝒳", 4);
    str out;
    assert_st(name_clean((str){text, 200 * 4}, "The name", &out, NULL), ST_OK);
    assert_int_equal(out.n, 800);
    assert_st(name_clean((str){text, 201 * 4}, "The name", &out, NULL), ST_UNPROCESSABLE);
}

static void key_names_lose_our_suffix_only(void **state)
{
    assert_str(name_without_key_suffix(STR("Company ABC - mAI Client Key")), STR("Company ABC"));
    assert_str(name_without_key_suffix(STR("Company ABC")), STR("Company ABC"));
    assert_str(name_without_key_suffix(STR(" - mAI Client Key")), STR(""));
    assert_str(name_with_key_suffix(STR("Łódź"), &arena), STR("Łódź - mAI Client Key"));
}

static void emails_need_one_at_and_two_sides(void **state)
{
    static const char *const good[] = {"a@b", "First.Last+tag@Example.COM", "żółw@łódź.pl", " padded@x.org "};
    static const str bad[] = {STR_INIT(""),       STR_INIT("plain"),      STR_INIT("@x"),     STR_INIT("x@"),
                              STR_INIT("a@b@c"),  STR_INIT("a b@c"),      STR_INIT("a@b\nc"), STR_INIT("a@\xff"),
                              STR_INIT("a@b\0c"), STR_INIT("a\u202e@b.c")};
    str out;
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_st(email_clean(str_c(good[i]), &out, NULL), ST_OK);
    assert_str(out, STR("padded@x.org"));
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_st(email_clean(bad[i], &out, NULL), ST_UNPROCESSABLE);
    char longest[260];
    memset(longest, 'a', sizeof longest);
    longest[100] = '@';
    assert_st(email_clean((str){longest, 254}, &out, NULL), ST_OK);
    assert_st(email_clean((str){longest, 255}, &out, NULL), ST_UNPROCESSABLE);
}

static void folding_knows_the_alphabets(void **state)
{
    assert_str(text_fold(STR("ŁÓDŹ Straße ΑΒΓ МОСКВА İ"), &arena), text_fold(STR("łódź straße αβγ москва İ"), &arena));
    assert_str(email_fold(STR("ŁUKASZ@Example.COM"), &arena), STR("Łukasz@example.com")); /* ASCII only */
    assert_str(text_fold(STR("東京"), &arena), STR("東京"));
    assert_str(text_fold(STR(""), &arena), STR(""));
}

static void like_patterns_take_wildcards_literally(void **state)
{
    assert_str(like_pattern(STR("50%_a\\b"), &arena), STR("%50\\%\\_a\\\\b%"));
    assert_str(like_pattern(STR(""), &arena), STR("%%"));
}

static void passwords_have_eight_characters_and_a_maximum(void **state)
{
    char big[1025];
    memset(big, 'x', sizeof big);
    assert_st(password_clean(STR("1234567"), NULL), ST_UNPROCESSABLE);
    assert_st(password_clean(STR("12345678"), NULL), ST_OK);
    assert_st(password_clean(STR("żółćżół"), NULL), ST_UNPROCESSABLE); /* 7 characters, 14 bytes */
    assert_st(password_clean((str){big, 1024}, NULL), ST_OK);
    assert_st(password_clean((str){big, 1025}, NULL), ST_UNPROCESSABLE);
    assert_st(password_clean(STR("\xff\xff\xff\xff\xff\xff\xff\xff"), NULL), ST_UNPROCESSABLE);
}

static void zones_currencies_and_images_are_checked(void **state)
{
    assert_st(timezone_clean(STR("Europe/Warsaw"), NULL), ST_OK);
    assert_st(timezone_clean(STR("Mars/Olympus"), NULL), ST_UNPROCESSABLE);
    assert_st(timezone_clean(STR("../../etc/passwd"), NULL), ST_UNPROCESSABLE);
    assert_st(currency_clean(STR("PLN"), NULL), ST_OK);
    assert_st(currency_clean(STR("XXX"), NULL), ST_UNPROCESSABLE);
    static const char *const good[] = {"", "/user.png", "https://example.com/a.png", "data:image/png;base64,AA=="};
    static const char *const bad[] = {"javascript:alert(1)", "//evil.example", "data:text/html;base64,AA", "http://x/y",
                                      "data:image/svg+xml;base64,AA", "/a\"onload=x", "https://a b"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_st(image_url_clean(str_c(good[i]), NULL), ST_OK);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_st(image_url_clean(str_c(bad[i]), NULL), ST_UNPROCESSABLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_every_script_pass),
        cmocka_unit_test(names_are_trimmed_of_blanks_of_all_kinds),
        cmocka_unit_test(names_that_are_none_are_refused_in_words),
        cmocka_unit_test(a_name_has_at_most_200_characters_not_bytes),
        cmocka_unit_test(key_names_lose_our_suffix_only),
        cmocka_unit_test(emails_need_one_at_and_two_sides),
        cmocka_unit_test(folding_knows_the_alphabets),
        cmocka_unit_test(like_patterns_take_wildcards_literally),
        cmocka_unit_test(passwords_have_eight_characters_and_a_maximum),
        cmocka_unit_test(zones_currencies_and_images_are_checked),
    };
    return cmocka_run_group_tests(tests, start, end);
}
