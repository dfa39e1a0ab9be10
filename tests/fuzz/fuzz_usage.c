/* Any bytes as an event, an answer, a generation record or a usage object: reading never fails,
 * and what client people would see never shows a cost but the billed one. */
#include "openrouter/usage.h"

#define BILLED PICO(123456789)

static void check_bill(const struct usage *u)
{
    struct buf out;
    struct json shown;
    struct usage_event again;
    struct arena a;
    arena_init(&a, 1 << 16);
    buf_init(&out, 4 * u->raw.n + 256);
    usage_bill(u->raw, BILLED, &out);
    CHECK(!out.is_full);
    CHECK(json_check(buf_view(&out), &shown, NULL) == ST_OK && shown.type == JSON_OBJECT);
    struct buf whole;
    buf_init(&whole, out.n + 64);
    buf_addf(&whole, "{\"usage\":");
    buf_add(&whole, buf_view(&out));
    buf_add_char(&whole, '}');
    CHECK(json_check(buf_view(&whole), &shown, NULL) == ST_OK);
    usage_read(shown, &a, &again);
    CHECK(again.usage.cost_state == USAGE_COST_KNOWN && pico_cmp(again.usage.cost, BILLED) == 0);
    CHECK(!again.usage.is_byok && !again.usage.has_upstream_cost);
    buf_free(&whole);
    buf_free(&out);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json v;
    struct usage_event ev;
    struct usage_record record;
    struct arena a;
    pico total;
    arena_init(&a, 1 << 16);
    if (json_check((str){(const char *)data, size}, &v, NULL) == ST_OK) {
        usage_read(v, &a, &ev);
        if (ev.usage.is_present)
            check_bill(&ev.usage);
        if (usage_cost_total(&ev.usage, &total) == ST_OK)
            CHECK(total.v >= 0);
        usage_read_record(v, &a, &record);
        CHECK(record.event.usage.total_tokens >= 0);
    }
    arena_free(&a);
    return 0;
}
