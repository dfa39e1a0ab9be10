/* A few conversations with titles, in Polish for the first organization and English for the others.
 * See demo.h. */
#include "chat/chat.h"
#include "demo.h"

static const struct talk {
    const char *title, *question, *answer, *model;
} polish[] =
    {
        {"Oferta na remont hali",
         "Napisz krótką ofertę na remont posadzki w hali 1200 m². Klient: zakład stolarski w "
         "Żyrardowie.",
         "## Oferta: remont posadzki przemysłowej\n\n**Zakres prac**\n\n1. Frezowanie i odpylenie "
         "podłoża, 1200 m²\n"
         "2. Naprawa ubytków zaprawą epoksydową\n3. Warstwa nawierzchniowa 4 mm, antypoślizgowa\n\n"
         "| Pozycja | Ilość | Termin |\n| --- | ---: | --- |\n| Przygotowanie | 1200 m² | 3 dni "
         "|\n| Naprawy | ok. 60 m² | 2 dni |\n"
         "| Nawierzchnia | 1200 m² | 4 dni |\n\nCałość wykonamy w **dziewięć dni roboczych**, z "
         "gwarancją na pięć lat.",
         "anthropic/claude-sonnet-4.6"},
        {"Wypowiedzenie umowy najmu",
         "Jaki jest okres wypowiedzenia umowy najmu lokalu użytkowego zawartej na czas "
         "nieoznaczony?",
         "Jeżeli umowa nie stanowi inaczej, a czynsz płacony jest miesięcznie, najem lokalu "
         "użytkowego na czas nieoznaczony można "
         "wypowiedzieć **najpóźniej na trzy miesiące naprzód, na koniec miesiąca kalendarzowego** "
         "(art. 688 Kodeksu cywilnego).\n\n"
         "Warto sprawdzić, czy umowa nie przewiduje innego terminu i formy pisemnej.",
         "openai/gpt-5.2"},
        {"Formuła w arkuszu: suma netto",
         "Jaką formułą zsumować kwoty netto z kolumny D tylko dla faktur opłaconych (kolumna F = "
         "\"tak\")?",
         "Wystarczy `SUMA.JEŻELI`:\n\n```\n=SUMA.JEŻELI(F2:F500;\"tak\";D2:D500)\n```\n\nGdy "
         "warunków jest więcej, na przykład także miesiąc w "
         "kolumnie B, użyj `SUMA.WARUNKÓW`.",
         "openai/gpt-5-mini"},
        {"List do kontrahenta po niemiecku",
         "Przetłumacz na niemiecki: Dziękujemy za przesłanie próbek. Odpowiemy do piątku.",
         "> Vielen Dank für die Zusendung der Muster. Wir werden Ihnen bis Freitag antworten.",
         "anthropic/claude-haiku-4.5"},
        {"Plan szkolenia BHP",
         "Ułóż plan dwugodzinnego szkolenia BHP dla nowych pracowników magazynu.",
         "1. **Powitanie i cel** (10 min)\n2. **Zagrożenia w magazynie**: wózki, regały, praca na "
         "wysokości (35 min)\n"
         "3. **Ręczne prace transportowe**, ćwiczenia (30 min)\n4. **Pierwsza pomoc i ewakuacja** "
         "(30 min)\n5. **Sprawdzenie wiedzy** (15 min)",
         "google/gemini-2.5-flash"},
},
  english[] = {
      {"Compare three laptops",
       "Compare three business laptops for a team that travels a lot. A short table, please.",
       "| Laptop | Weight | Battery | Good for |\n| --- | ---: | ---: | --- |\n| Light 13 | 1.1 kg "
       "| 14 h | Sales on the road |\n"
       "| Office 14 | 1.4 kg | 11 h | Everyday work |\n| Studio 16 | 2.1 kg | 8 h | Design "
       "|\n\nFor people who travel every week, weight and "
       "battery matter more than speed: I would start with the **Light 13**.",
       "openai/gpt-5.2"},
      {"SQL: customers without orders", "Which SQL finds customers that placed no order this year?",
       "```sql\nSELECT c.id, c.name\nFROM customers c\nLEFT JOIN orders o\n  ON o.customer_id = "
       "c.id AND o.created_at >= DATE '2026-01-01'\n"
       "WHERE o.id IS NULL\nORDER BY c.name;\n```\n\nThe date belongs in the `ON` clause: in "
       "`WHERE` it would drop exactly the rows you want.",
       "anthropic/claude-sonnet-4.6"},
      {"Reply to a late delivery",
       "Write a friendly reply to a customer whose delivery is four days late.",
       "Dear Ms Harris,\n\nyou are right, and I am sorry: your order should have reached you last "
       "Friday. It left our depot this morning and "
       "arrives **tomorrow before noon**. The shipping cost is on us.\n\nKind regards",
       "google/gemini-2.5-flash"},
      {"Agenda for the quarterly review",
       "Draft a one-hour agenda for our quarterly review with four departments.",
       "1. Results against plan (15 min)\n2. One lesson per department, five minutes each (20 "
       "min)\n3. Risks for the next quarter (10 min)\n"
       "4. Decisions and owners (15 min)",
       "openai/gpt-5-mini"},
};

struct told {
    char chat_id[ID_CAP], question_id[ID_CAP], answer_id[ID_CAP];
};

static struct json checked(str text)
{
    struct json v;
    CHECK(json_check(text, &v, NULL) == ST_OK);
    return v;
}

static status chat_begin(struct db *db, struct scope s, const struct talk *t, int64_t at_ms,
                         struct told *out, struct err *e)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 1 << 16);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("title"), str_c(t->title));
    jw_karray(&w, STR("models"));
    jw_str(&w, str_c(t->model));
    jw_end(&w);
    jw_end(&w);
    return chat_new(db, s, checked(buf_view(&b)), at_ms, out->chat_id, e);
}

static status question_put(struct db *db, struct scope s, const struct talk *t, int64_t at_ms,
                           const struct told *ids, struct err *e)
{
    MAI_AUTO(buf_free) struct buf b;
    struct answer_begun begun;
    buf_init(&b, 1 << 16);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("id"), str_c(ids->question_id));
    jw_knull(&w, STR("parentId"));
    jw_kstr(&w, STR("role"), STR("user"));
    jw_kstr(&w, STR("content"), str_c(t->question));
    jw_end(&w);
    struct answer_begin begin = {.scope = s,
                                 .chat_id = str_c(ids->chat_id),
                                 .message_id = str_c(ids->answer_id),
                                 .parent_id = str_c(ids->question_id),
                                 .user_message = checked(buf_view(&b)),
                                 .model = str_c(t->model),
                                 .now_ms = at_ms};
    return answer_begin(db, &begin, &begun, e);
}

static status talk_put(struct db *db, struct scope s, const struct talk *t, int64_t at_ms,
                       struct err *e)
{
    struct told ids;
    id_new(ids.question_id);
    id_new(ids.answer_id);
    status st = chat_begin(db, s, t, at_ms, &ids, e);
    if (st == ST_OK)
        st = question_put(db, s, t, at_ms, &ids, e);
    if (st != ST_OK)
        return st;
    struct answer_end end = {.chat_id = str_c(ids.chat_id),
                             .message_id = str_c(ids.answer_id),
                             .state = ANSWER_DONE,
                             .content = str_c(t->answer),
                             .reasoning = STR(""),
                             .now_ms = at_ms + 9000};
    return answer_end(db, &end);
}

/* Everybody has most of the conversations, each at some working hour of the last two weeks. */
status chats_write(struct db *db, void *ctx)
{
    struct chats_job *j = ctx;
    const struct company *c = j->company;
    const struct talk *talks = c->index == 0 ? polish : english;
    size_t count = c->index == 0 ? COUNT_OF(polish) : COUNT_OF(english);
    status st = ST_OK;
    for (size_t person = 0; person < c->people_count; person++)
        for (size_t i = 0; i < count && st == ST_OK; i++) {
            if ((i + person) % 4 == 3)
                continue;
            int64_t day =
                zone_day_start_ms(c->zone, j->now_ms - (int64_t)(1 + 2 * i + person) * MS_PER_DAY);
            int64_t at_ms = day + chance_between(j->chance, 8 * MS_PER_HOUR, 16 * MS_PER_HOUR);
            struct scope s =
                scope_make(c->people[person].role, c->organization.id, c->people[person].id);
            st = talk_put(db, s, &talks[i], at_ms, &j->e);
            j->chats += st == ST_OK;
        }
    return st;
}
