/* Chats as JSON in Open WebUI's shape, the list, and the search; see chat.h. */
#include "chat/chat_row.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "chat/chat_sql.h"

static void kseconds(struct json_writer *w, str key, int64_t ms)
{
    jw_ki64(w, key, ms / MS_PER_SECOND);
}

/* ---- messages ---- */

struct node {
    str id, parent_id;
    size_t first_child, last_child, next_sibling; /* index + 1; 0: none */
};

struct tree {
    struct arena arena;
    struct node *nodes;
    size_t count, cap;
    struct hash by_id; /* id -> index + 1 as pointer */
};

static void tree_free(struct tree *t)
{
    hash_free(&t->by_id);
    mem_free(t->nodes);
    arena_free(&t->arena);
}

static void tree_add(struct tree *t, str id, str parent_id)
{
    if (t->count == t->cap) {
        t->cap = t->cap != 0 ? t->cap * 2 : 64;
        t->nodes = mem_resize(t->nodes, t->cap * sizeof *t->nodes);
    }
    size_t at = t->count++;
    t->nodes[at] = (struct node){.id = arena_dup(&t->arena, id),
                                 .parent_id = parent_id.p != NULL ? arena_dup(&t->arena, parent_id) : STR_NONE};
    hash_set(&t->by_id, id, (void *)(uintptr_t)(at + 1));
}

static void tree_link(struct tree *t)
{
    for (size_t i = 0; i < t->count; i++) {
        size_t parent = (size_t)(uintptr_t)hash_get(&t->by_id, t->nodes[i].parent_id);
        if (t->nodes[i].parent_id.p == NULL || parent == 0)
            continue;
        struct node *p = &t->nodes[parent - 1];
        if (p->last_child != 0)
            t->nodes[p->last_child - 1].next_sibling = i + 1;
        else
            p->first_child = i + 1;
        p->last_child = i + 1;
    }
}

static status tree_read(struct db *db, struct scope s, str chat_id, struct tree *t)
{
    struct db_rows rows;
    status st = db_query(db, &SQL_MESSAGE_ROWS, DB_ARGS(BY(s), DB_TEXT(chat_id)), &rows);
    if (st != ST_OK)
        return st;
    while (db_next(&rows))
        tree_add(t, db_text(&rows, 0), db_text(&rows, 1));
    st = db_end(&rows);
    tree_link(t);
    return st == ST_OK && t->arena.is_full ? ST_TOO_BIG : st;
}

static void write_children(struct json_writer *w, const struct tree *t, str id)
{
    size_t at = t != NULL ? (size_t)(uintptr_t)hash_get(&t->by_id, id) : 0;
    jw_karray(w, STR("childrenIds"));
    for (size_t i = at != 0 ? t->nodes[at - 1].first_child : 0; i != 0; i = t->nodes[i - 1].next_sibling)
        jw_str(w, t->nodes[i - 1].id);
    jw_end(w);
}

/* Content that was a list of parts goes out as that list. */
static void write_content(struct json_writer *w, str role, str content)
{
    struct json v;
    bool is_parts = str_eq(role, STR("user")) && content.n > 1 && content.p[0] == '[' &&
                    json_check(content, &v, NULL) == ST_OK && v.type == JSON_ARRAY;
    if (is_parts)
        jw_kraw(w, STR("content"), content);
    else
        jw_kstr(w, STR("content"), content);
}

static void write_message(struct json_writer *w, const struct db_rows *row, const struct tree *t)
{
    str state = db_text(row, 6);
    jw_object(w);
    jw_kstr(w, STR("id"), db_text(row, 0));
    jw_kstr_or_null(w, STR("parentId"), db_text(row, 1));
    write_children(w, t, db_text(row, 0));
    jw_kstr(w, STR("role"), db_text(row, 2));
    write_content(w, db_text(row, 2), db_text(row, 3));
    if (db_text(row, 4).n != 0)
        jw_kstr(w, STR("reasoning"), db_text(row, 4));
    if (!db_is_null(row, 5))
        jw_kstr(w, STR("model"), db_text(row, 5));
    jw_kbool(w, STR("done"), !str_eq(state, STR("running")));
    if (str_eq(state, STR("stopped")))
        jw_kbool(w, STR("stopped"), true);
    if (!db_is_null(row, 7)) {
        jw_kobject(w, STR("error"));
        jw_kstr(w, STR("content"), db_text(row, 7));
        jw_end(w);
    }
    if (!db_is_null(row, 8))
        jw_kraw(w, STR("usage"), db_text(row, 8));
    if (!db_is_null(row, 9))
        jw_kraw(w, STR("files"), db_text(row, 9));
    kseconds(w, STR("timestamp"), db_int(row, 10));
    jw_end(w);
}

static status write_messages(struct db *db, struct scope s, str chat_id, struct json_writer *w)
{
    MAI_AUTO(tree_free) struct tree t = {.count = 0};
    struct db_rows rows;
    arena_init(&t.arena, 16 << 20);
    status st = tree_read(db, s, chat_id, &t);
    if (st == ST_OK)
        st = db_query(db, &SQL_MESSAGE_ROWS, DB_ARGS(BY(s), DB_TEXT(chat_id)), &rows);
    if (st != ST_OK)
        return st;
    jw_kobject(w, STR("messages"));
    while (db_next(&rows)) {
        jw_key(w, db_text(&rows, 0));
        write_message(w, &rows, &t);
    }
    jw_end(w);
    return db_end(&rows);
}

status chat_message_read(struct db *db, struct scope s, str chat_id, str message_id, struct buf *out)
{
    struct db_rows rows;
    status st = db_query(db, &SQL_MESSAGE_ROW, DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(message_id)), &rows);
    if (st != ST_OK)
        return st;
    bool is_found = db_next(&rows);
    if (is_found) {
        struct json_writer w = json_writer(out);
        write_message(&w, &rows, NULL);
    }
    st = db_end(&rows);
    return st == ST_OK && !is_found ? ST_NOT_FOUND : st;
}

/* ---- one chat ---- */

static status write_chat(struct db *db, struct scope s, const struct db_rows *row, struct json_writer *w)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 4096);
    str id = db_text_dup(row, 0, &a);
    jw_object(w);
    jw_kstr(w, STR("id"), id);
    jw_kstr(w, STR("user_id"), str_c(s.user_id));
    jw_kstr(w, STR("title"), db_text(row, 1));
    jw_kobject(w, STR("chat"));
    jw_kstr(w, STR("title"), db_text(row, 1));
    jw_kraw(w, STR("models"), db_text(row, 3));
    jw_kobject(w, STR("history"));
    jw_kstr_or_null(w, STR("currentId"), db_text(row, 4));
    status st = write_messages(db, s, id, w);
    jw_end(w);
    jw_end(w);
    kseconds(w, STR("updated_at"), db_int(row, 8));
    kseconds(w, STR("created_at"), db_int(row, 7));
    jw_knull(w, STR("share_id"));
    jw_kbool(w, STR("archived"), db_int(row, 6) != 0);
    jw_kbool(w, STR("pinned"), db_int(row, 5) != 0);
    jw_kraw(w, STR("meta"), STR("{}"));
    jw_kstr_or_null(w, STR("folder_id"), db_text(row, 9));
    jw_end(w);
    return st;
}

status chat_read(struct db *db, struct scope s, str chat_id, struct buf *out)
{
    struct db_rows rows;
    struct json_writer w = json_writer(out);
    status st = db_query(db, &SQL_CHAT_ROW, DB_ARGS(BY(s), DB_TEXT(chat_id)), &rows);
    if (st != ST_OK)
        return st;
    status inner = db_next(&rows) ? write_chat(db, s, &rows, &w) : ST_NOT_FOUND;
    st = db_end(&rows);
    return st != ST_OK ? st : inner;
}

/* ---- lists ---- */

static void write_row(struct json_writer *w, const struct db_rows *row, bool has_snippet)
{
    jw_object(w);
    jw_kstr(w, STR("id"), db_text(row, 0));
    jw_kstr(w, STR("title"), db_text(row, 1));
    kseconds(w, STR("updated_at"), db_int(row, 2));
    kseconds(w, STR("created_at"), db_int(row, 3));
    jw_kbool(w, STR("pinned"), db_int(row, 4) != 0);
    jw_kbool(w, STR("archived"), db_int(row, 5) != 0);
    jw_kstr_or_null(w, STR("folder_id"), db_text(row, 6));
    if (has_snippet)
        jw_kstr(w, STR("snippet"), db_text(row, 7));
    jw_end(w);
}

static status write_rows(struct db_rows *rows, bool has_snippet, struct buf *out)
{
    struct json_writer w = json_writer(out);
    jw_array(&w);
    while (db_next(rows))
        write_row(&w, rows, has_snippet);
    jw_end(&w);
    return db_end(rows);
}

status chat_list(struct db *db, struct scope s, int page, bool archived, struct buf *out)
{
    struct db_rows rows;
    int64_t limit = page > 0 ? CHAT_PAGE_ROWS : INT64_C(1000000);
    int64_t offset = page > 0 ? (int64_t)(page - 1) * CHAT_PAGE_ROWS : 0;
    status st = db_query(db, &SQL_CHAT_ROWS, DB_ARGS(BY(s), DB_BOOL(archived), DB_INT(limit), DB_INT(offset)), &rows);
    return st == ST_OK ? write_rows(&rows, false, out) : st;
}

/* Every word quoted, the last one as a prefix: nothing a person types is query syntax. */
static void add_query(str text, struct buf *out)
{
    str rest = str_trim(text), word;
    while (str_split(&rest, ' ', &word)) {
        if (word.n == 0)
            continue;
        if (out->n != 0)
            buf_add_char(out, ' ');
        buf_add_char(out, '"');
        for (size_t i = 0; i < word.n; i++)
            buf_add(out, word.p[i] == '"' ? STR("\"\"") : str_sub(word, i, 1));
        buf_add_char(out, '"');
    }
    if (out->n != 0)
        buf_add_char(out, '*');
}

status chat_search(struct db *db, struct scope s, str text, int page, struct buf *out)
{
    MAI_AUTO(buf_free) struct buf query;
    struct db_rows rows;
    buf_init(&query, 4096);
    add_query(text, &query);
    if (query.n == 0 || query.is_full) {
        buf_add(out, STR("[]"));
        return ST_OK;
    }
    int64_t offset = page > 1 ? (int64_t)(page - 1) * CHAT_PAGE_ROWS : 0;
    status st = db_query(db, &SQL_WORDS_SEARCH,
                         DB_ARGS(BY(s), DB_TEXT(buf_view(&query)), DB_INT(CHAT_PAGE_ROWS), DB_INT(offset)), &rows);
    return st == ST_OK ? write_rows(&rows, true, out) : st;
}
