/* Decimal text: an accepted number written and read again is the same; an amount is read the same
 * by both readers; bytes before and after a number make it none; the two directions of rounding are
 * never more than half apart. */
#include "codec/json.h"
#include "money/pico.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(pico p)
{
    char text[PICO_TEXT_CAP], display[PICO_TEXT_CAP];
    pico again;
    CHECK(pico_parse(pico_text(p, text), &again) == ST_OK && pico_cmp(p, again) == 0);
    CHECK(pico_display_usd(p, display).n > 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = {(const char *)data, size};
    struct json v;
    pico p, amount;
    markup m;
    status st = pico_parse(text, &p);
    bool is_number =
        json_check(text, &v, NULL) == ST_OK && v.type == JSON_NUMBER && v.raw.n == size;
    CHECK(is_number == (st != ST_BAD_REQUEST)); /* two scanners, one grammar */
    if (st == ST_OK)
        check_text(p);
    if (pico_parse_amount(text, &amount) == ST_OK)
        CHECK(st == ST_OK && pico_cmp(p, amount) == 0 && amount.v >= 0);
    if (markup_parse(text, &m) == ST_OK) {
        char dst[PICO_TEXT_CAP];
        markup again;
        CHECK(m.ppm > 0 && m.ppm <= MARKUP_MAX_PPM);
        CHECK(markup_parse(markup_text(m, dst), &again) == ST_OK && again.ppm == m.ppm);
    }
    return 0;
}
