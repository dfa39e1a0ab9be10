/* Conversations on a real database: the tree, running answers, search, and that nobody reads another's. */
#include "../tenancy/fixture.h"
#include "chat/chat.h"

#include <stdio.h>

#define ANSWER "11111111-1111-4111-8111-111111111111"
#define ANSWER2 "22222222-2222-4222-8222-222222222222"

struct people {
    struct scope ann, bob, eve; /* Ann and Bob work together; Eve elsewhere */
};

static struct people some_people(void)
{
    const char *abc = new_organization("ABC"), *xyz = new_organization("XYZ");
    return (struct people){
        .ann = scope_of(abc, new_person(abc, "ann@abc.test", ROLE_USER), ROLE_USER),
        .bob = scope_of(abc, new_person(abc, "bob@abc.test", ROLE_ADMIN), ROLE_ADMIN),
        .eve = scope_of(xyz, new_person(xyz, "eve@xyz.test", ROLE_ADMIN), ROLE_ADMIN),
    };
}

static struct json parsed(const char *text)
{
    struct json v;
    assert_st(json_check(str_c(text), &v, NULL), ST_OK);
    return v;
}

static str new_chat(struct scope s, const char *chat)
{
    char id[ID_CAP];
    assert_st(WRITE(chat_new(house.db, s, parsed(chat), 1000, id, &house.e)), ST_OK);
    return arena_dup(&house.arena, str_c(id));
}

static str read_chat(struct scope s, str id, status expected)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 1 << 22);
    assert_st(chat_read(house.db, s, id, &b), expected);
    if (expected == ST_OK)
        (void)parsed(buf_z(&b)); /* always well-formed */
    return arena_dup(&house.arena, buf_view(&b));
}

static bool has(str text, const char *part)
{
    return str_find(text, str_c(part)) < text.n;
}

static status begin(struct scope s, str chat, const char *message, const char *parent, const char *question,
                    struct answer_begun *out)
{
    struct answer_begin a = {.scope = s, .chat_id = chat, .message_id = str_c(message), .parent_id = str_c(parent),
                             .model = STR("m/x"), .now_ms = 5000};
    if (question != NULL)
        a.user_message = parsed(question);
    return WRITE(answer_begin(house.db, &a, out, &house.e));
}

#define QUESTION "{\"id\":\"q1\",\"parentId\":null,\"content\":\"Where is \xc5\x81\xc3\xb3""d\xc5\xba?\"}"

static status end(str chat, const char *message, enum answer_state state, const char *content, const char *error)
{
    struct answer_end e = {.chat_id = chat, .message_id = str_c(message), .state = state, .content = str_c(content),
                           .reasoning = STR(""), .error = str_c(error), .usage_json = STR_NONE,
                           .images_json = STR_NONE, .now_ms = 6000};
    return WRITE(answer_end(house.db, &e));
}

static void an_answer_lives_and_ends(void **state)
{
    (void)state;
    struct people p = some_people();
    struct answer_begun begun = {0};
    str chat = new_chat(p.ann, "{}");
    assert_st(begin(p.ann, chat, ANSWER, "q1", QUESTION, &begun), ST_OK);
    assert_true(begun.wants_title);
    assert_true(has(read_chat(p.ann, chat, ST_OK), "\"done\":false"));
    assert_st(WRITE(answer_save(house.db, chat, STR(ANSWER), STR("In Pol"), STR("hm"))), ST_OK);
    assert_true(has(read_chat(p.ann, chat, ST_OK), "\"content\":\"In Pol\""));
    assert_st(end(chat, ANSWER, ANSWER_DONE, "In Poland.", ""), ST_OK);
    str text = read_chat(p.ann, chat, ST_OK);
    assert_true(has(text, "\"content\":\"In Poland.\"") && !has(text, "\"done\":false") && !has(text, "error"));
    assert_true(has(text, "\"currentId\":\"" ANSWER "\""));
    assert_true(has(text, "\"childrenIds\":[\"" ANSWER "\"]"));
    /* an ended answer does not move again */
    assert_st(end(chat, ANSWER, ANSWER_FAILED, "other", "late"), ST_OK);
    assert_true(has(read_chat(p.ann, chat, ST_OK), "In Poland."));
}

static void regenerating_makes_a_sibling(void **state)
{
    (void)state;
    struct people p = some_people();
    struct answer_begun begun;
    str chat = new_chat(p.ann, "{}");
    assert_st(begin(p.ann, chat, ANSWER, "q1", QUESTION, &begun), ST_OK);
    assert_st(end(chat, ANSWER, ANSWER_STOPPED, "half", ""), ST_OK);
    assert_st(begin(p.ann, chat, ANSWER2, "q1", NULL, &begun), ST_OK);
    str text = read_chat(p.ann, chat, ST_OK);
    assert_true(has(text, "\"childrenIds\":[\"" ANSWER "\",\"" ANSWER2 "\"]"));
    assert_true(has(text, "\"stopped\":true"));
    assert_st(begin(p.ann, chat, ANSWER2, "q1", NULL, &begun), ST_CONFLICT);
    assert_st(begin(p.ann, chat, "33333333-3333-4333-8333-333333333333", "q1", QUESTION, &begun), ST_CONFLICT);
    assert_st(begin(p.ann, chat, "33333333-3333-4333-8333-333333333333", "nowhere", NULL, &begun), ST_NOT_FOUND);
    assert_st(begin(p.ann, chat, "33333333-3333-4333-8333-333333333333", ANSWER, NULL, &begun), ST_NOT_FOUND);
}

static void a_restart_stops_what_was_running(void **state)
{
    (void)state;
    struct people p = some_people();
    struct answer_begun begun;
    str chat = new_chat(p.ann, "{}");
    assert_st(begin(p.ann, chat, ANSWER, "q1", QUESTION, &begun), ST_OK);
    assert_st(WRITE(answer_save(house.db, chat, STR(ANSWER), STR("so far"), STR(""))), ST_OK);
    assert_st(WRITE(answer_recover(house.db, 9000)), ST_OK);
    str text = read_chat(p.ann, chat, ST_OK);
    assert_true(has(text, "\"stopped\":true") && has(text, "so far") && !has(text, "\"done\":false"));
}

static void nobody_else_gets_in(void **state)
{
    (void)state;
    struct people p = some_people();
    struct answer_begun begun;
    char id[ID_CAP];
    str chat = new_chat(p.ann, "{\"title\":\"Secret plan\"}");
    assert_st(begin(p.ann, chat, ANSWER, "q1", QUESTION, &begun), ST_OK);
    struct scope others[] = {p.bob, p.eve, scope_make(ROLE_ADMIN, str_c(p.eve.organization_id), str_c(p.ann.user_id)),
                             scope_make(ROLE_ADMIN, str_c(p.ann.organization_id), str_c(p.eve.user_id))};
    (void)id;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct scope s = others[i];
        bool changed;
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, 1 << 20);
        (void)read_chat(s, chat, ST_NOT_FOUND);
        assert_st(chat_message_read(house.db, s, chat, STR(ANSWER), &b), ST_NOT_FOUND);
        assert_st(WRITE(chat_update(house.db, s, chat, parsed("{\"title\":\"mine\"}"), 1, &house.e)), ST_NOT_FOUND);
        assert_st(WRITE(chat_delete(house.db, s, chat)), ST_NOT_FOUND);
        assert_st(WRITE(chat_toggle(house.db, s, chat, CHAT_PINNED)), ST_NOT_FOUND);
        assert_st(WRITE(chat_edit_message(house.db, s, chat, STR("q1"), STR("x"), 1)), ST_NOT_FOUND);
        assert_st(begin(s, chat, ANSWER2, "q1", NULL, &begun), ST_NOT_FOUND);
        assert_st(WRITE(chat_set_made_title(house.db, s, chat, STR("t"), &changed)), ST_OK);
        assert_false(changed);
        buf_clear(&b);
        assert_st(chat_list(house.db, s, 0, false, &b), ST_OK);
        assert_str(buf_view(&b), STR("[]"));
        buf_clear(&b);
        assert_st(chat_search(house.db, s, STR("Secret"), 1, &b), ST_OK);
        assert_str(buf_view(&b), STR("[]"));
        assert_st(WRITE(chat_delete_all(house.db, s)), ST_OK);
    }
    assert_true(has(read_chat(p.ann, chat, ST_OK), "Secret plan"));
}

static str found(struct scope s, const char *words)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 1 << 20);
    assert_st(chat_search(house.db, s, str_c(words), 1, &b), ST_OK);
    (void)parsed(buf_z(&b));
    return arena_dup(&house.arena, buf_view(&b));
}

static void search_finds_any_branch(void **state)
{
    (void)state;
    struct people p = some_people();
    struct answer_begun begun;
    str chat = new_chat(p.ann, "{\"title\":\"Geography\"}");
    assert_st(begin(p.ann, chat, ANSWER, "q1", QUESTION, &begun), ST_OK);
    assert_st(end(chat, ANSWER, ANSWER_DONE, "In the old branch: pineapple", ""), ST_OK);
    assert_st(begin(p.ann, chat, ANSWER2, "q1", NULL, &begun), ST_OK);
    assert_st(end(chat, ANSWER2, ANSWER_DONE, "In the new branch: mango pineapple", ""), ST_OK);
    assert_true(has(found(p.ann, "pineap"), "Geography"));
    assert_true(has(found(p.ann, "PINEAPPLE mango"), "Geography"));
    assert_true(has(found(p.ann, "\xc5\x82odz"), "Geography")); /* without accents; ł is a letter of its own */
    assert_true(has(found(p.ann, "geogr"), "Geography"));
    assert_str(found(p.ann, "banana"), STR("[]"));
    static const char *const hostile[] = {"\"", "*", "AND", "NEAR(", "a\"b OR c", "title:x", "", "   ", "-"};
    for (size_t i = 0; i < COUNT_OF(hostile); i++)
        (void)found(p.ann, hostile[i]);
    assert_st(WRITE(chat_edit_message(house.db, p.ann, chat, STR(ANSWER), STR("kiwi"), 1)), ST_OK);
    assert_true(has(found(p.ann, "kiwi"), "Geography"));
    assert_st(WRITE(chat_delete(house.db, p.ann, chat)), ST_OK);
    assert_str(found(p.ann, "mango"), STR("[]"));
}

static void chats_move_with_their_person(void **state)
{
    (void)state;
    struct people p = some_people();
    str chat = new_chat(p.ann, "{\"title\":\"Travels\"}");
    assert_st(WRITE(chat_move_person(house.db, TEST, str_c(p.ann.user_id), str_c(p.ann.organization_id),
                                     str_c(p.eve.organization_id))), ST_OK);
    struct scope moved = scope_make(ROLE_USER, str_c(p.eve.organization_id), str_c(p.ann.user_id));
    assert_true(has(read_chat(moved, chat, ST_OK), "Travels"));
    assert_true(has(found(moved, "travels"), "Travels"));
    (void)read_chat(p.ann, chat, ST_NOT_FOUND);
}

static void titles_of_people_stay(void **state)
{
    (void)state;
    struct people p = some_people();
    bool changed;
    str chat = new_chat(p.ann, "{\"title\":\"New Chat\"}");
    assert_st(WRITE(chat_set_made_title(house.db, p.ann, chat, STR("Made"), &changed)), ST_OK);
    assert_true(changed);
    assert_st(WRITE(chat_update(house.db, p.ann, chat, parsed("{\"title\":\"  Mine\\nsecond line\"}"), 2, &house.e)), ST_OK);
    assert_st(WRITE(chat_set_made_title(house.db, p.ann, chat, STR("Again"), &changed)), ST_OK);
    assert_false(changed);
    assert_true(has(read_chat(p.ann, chat, ST_OK), "\"title\":\"Mine\""));
    assert_st(WRITE(chat_update(house.db, p.ann, chat, parsed("{\"title\":\"  \"}"), 2, &house.e)), ST_UNPROCESSABLE);
    assert_st(WRITE(chat_update(house.db, p.ann, chat, parsed("{\"title\":7}"), 2, &house.e)), ST_UNPROCESSABLE);
}

static void a_whole_history_can_come_along(void **state)
{
    (void)state;
    struct people p = some_people();
    str chat = new_chat(p.ann,
                        "{\"title\":\"Imported\",\"models\":[\"m/x\"],\"history\":{\"currentId\":\"b\",\"messages\":{"
                        "\"a\":{\"id\":\"a\",\"parentId\":null,\"role\":\"user\",\"content\":\"hi\",\"timestamp\":1700000000},"
                        "\"b\":{\"id\":\"b\",\"parentId\":\"a\",\"role\":\"assistant\",\"content\":\"ho\",\"model\":\"m/x\",\"timestamp\":1700000001000,\"usage\":{\"cost\":1}},"
                        "\"c\":{\"id\":\"c\",\"parentId\":\"gone\",\"role\":\"assistant\",\"content\":null}}}}");
    str text = read_chat(p.ann, chat, ST_OK);
    assert_true(has(text, "\"currentId\":\"b\"") && has(text, "\"timestamp\":1700000000") && has(text, "\"timestamp\":1700000001"));
    assert_true(has(text, "\"models\":[\"m/x\"]") && has(text, "\"parentId\":\"gone\""));
    static const char *const bad[] = {
        "{\"history\":{\"messages\":{\"a\":7}}}",
        "{\"history\":{\"messages\":{\"a\":{\"role\":\"user\"}}}}",
        "{\"history\":{\"messages\":{\"a\":{\"id\":\"a\",\"role\":\"root\"}}}}",
        "{\"history\":{\"messages\":{\"a\":{\"id\":\"a\",\"role\":\"user\",\"content\":7}}}}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char id[ID_CAP];
        assert_st(WRITE(chat_new(house.db, p.ann, parsed(bad[i]), 1, id, &house.e)), ST_UNPROCESSABLE);
        (void)read_chat(p.ann, str_c(id), ST_NOT_FOUND);
    }
}

static void the_list_has_pages(void **state)
{
    (void)state;
    struct people p = some_people();
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 65; i++)
        (void)new_chat(p.ann, "{}");
    static const struct {
        int page;
        size_t rows;
    } pages[] = {{0, 65}, {1, 60}, {2, 5}, {3, 0}};
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        struct json v, item;
        size_t count = 0;
        buf_clear(&b);
        assert_st(chat_list(house.db, p.ann, pages[i].page, false, &b), ST_OK);
        assert_st(json_check(buf_view(&b), &v, NULL), ST_OK);
        for (struct json_iter it = json_iter(v); json_next(&it, NULL, &item);)
            count++;
        assert_int_equal(count, pages[i].rows);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, house_open, house_close)
    const struct CMUnitTest tests[] = {
        T(an_answer_lives_and_ends), T(regenerating_makes_a_sibling), T(a_restart_stops_what_was_running),
        T(nobody_else_gets_in),      T(search_finds_any_branch),      T(chats_move_with_their_person), T(titles_of_people_stay),
        T(a_whole_history_can_come_along), T(the_list_has_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
