/* Answers; see answer.h. */
#include "answer.h"
#include "jout.h"
#include "templates.h"
#include "base/mem.h"

enum { ANSWER_MAX = 8 << 20, TOPIC_MAX = 60, TITLE_WORDS = 6, TOKEN_BYTES = 12, SCAN_MAX = 8192 };

void answer_init(struct answer *a)
{
    *a = (struct answer){0};
    buf_init(&a->text, ANSWER_MAX);
}

void answer_free(struct answer *a)
{
    buf_free(&a->text);
    mem_free(a->ends);
}

int64_t tokens_of(str text)
{
    return (int64_t)((text.n + 3) / 4);
}

/* ---- what the prompt is about ---- */

static bool is_letter(char c)
{
    return (unsigned char)c >= 0x80 || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

/* The text has a word that begins like this one ("plan!": exactly this one). Words that begin with
 * a letter beyond ASCII are found anywhere. */
static bool has_word(str text, str word)
{
    bool is_whole = str_ends(word, STR("!"));
    word.n -= is_whole;
    for (size_t i = 0; i + word.n <= text.n; i++) {
        if (!str_starts_nocase(str_from(text, i), word))
            continue;
        bool starts = i == 0 || (unsigned char)word.p[0] >= 0x80 || !is_letter(text.p[i - 1]);
        bool ends = !is_whole || i + word.n == text.n || !is_letter(text.p[i + word.n]);
        if (starts && ends)
            return true;
    }
    return false;
}

static bool has_any_word(str text, const char *words)
{
    str rest = str_c(words), word;
    while (str_split(&rest, ',', &word))
        if (has_word(text, word))
            return true;
    return false;
}

/* Polish letters (two-byte sequences that no other language of our users has) or common words. */
static bool is_polish(str text)
{
    return has_any_word(text, "ą,ć,ę,ł,ń,ś,ź,ż,jest!,czy!,nie!,napisz,jak!,dla!,oraz!,czym!,"
                              "witaj,czesc!,dlaczego!,jakie!,jaka!,jaki!,co to!,opisz");
}

static str first_line(str s)
{
    s = str_trim(s);
    return str_trim(str_sub(s, 0, str_find_char(s, '\n')));
}

static str without_lead(str s)
{
    static const char *const leads[] = {
        "please ",    "can you ",  "could you ", "draft ",     "suggest ",   "brainstorm ",
        "write me ",  "write a ",  "write an ",  "write ",     "explain ",   "tell me about ",
        "how do i ",  "how does ", "how do ",    "why is ",    "why are ",   "why ",
        "what is ",   "what are ", "give me ",   "make a ",    "make ",      "create a ",
        "create ",    "how to ",   "show me ",   "help me ",   "summarize ", "the ",
        "a ",         "an ",       "proszę ",    "napisz ",    "wyjaśnij ",  "co to jest ",
        "jak ",       "podaj ",    "opisz ",     "przygotuj ", "zrób ",      "pokaż ",
        "jaka jest ", "jakie są ", "jaki jest ",
    };
    for (size_t i = 0; i < COUNT_OF(leads); i++)
        if (str_starts_nocase(s, str_c(leads[i]))) {
            s = str_trim(str_from(s, strlen(leads[i])));
            i = (size_t)-1; /* again from the start: "please write a" */
        }
    return s;
}

/* "email to a customer about the delay": the delay. */
static str letter_subject(str s)
{
    static const char *const letters[] = {"email ",   "e-mail ", "letter ",
                                          "message ", "mail ",   "maila "};
    static const char *const marks[] = {" about ", " w sprawie ", " o "};
    for (size_t i = 0; i < COUNT_OF(letters); i++)
        for (size_t k = 0; str_starts_nocase(s, str_c(letters[i])) && k < COUNT_OF(marks); k++) {
            size_t at = str_find(s, str_c(marks[k]));
            if (at < s.n)
                return without_lead(str_from(s, at + strlen(marks[k])));
        }
    return s;
}

/* At most `max` bytes, cut between words, without closing punctuation. */
static str shortened(str s, size_t max)
{
    if (s.n > max) {
        size_t n = max;
        while (n > max / 2 && s.p[n] != ' ')
            n--;
        while (n > 0 && ((unsigned char)s.p[n] & 0xc0) == 0x80)
            n--;
        s = str_sub(s, 0, n);
    }
    while (s.n != 0 && strchr(".,:;!?\"` ", s.p[s.n - 1]) != NULL)
        s.n--;
    return s;
}

static str topic_of(str prompt)
{
    str topic = shortened(letter_subject(without_lead(first_line(prompt))), TOPIC_MAX);
    if (topic.n == 0)
        return is_polish(prompt) ? STR("twoje pytanie") : STR("your question");
    return topic;
}

/* ---- titles ---- */

static bool asks_for_title(str text)
{
    return has_any_word(text, "concise title,chat title,generate a title,title for,3-5 word title,"
                              "short title,generate a concise,tytuł dla,krótki tytuł");
}

/* The person's own first words inside a title prompt. */
static str title_source(str text)
{
    static const char *const marks[] = {"USER:", "User:", "user:", "<chat_history>", "Message:"};
    for (size_t i = 0; i < COUNT_OF(marks); i++) {
        size_t at = str_find(text, str_c(marks[i]));
        if (at < text.n)
            return first_line(str_from(text, at + strlen(marks[i])));
    }
    text = str_trim(text);
    size_t line = text.n;
    while (line > 0 && text.p[line - 1] != '\n')
        line--;
    return str_from(text, line);
}

static void write_title(struct buf *out, str text)
{
    text = str_sub(text, 0, SCAN_MAX);
    str rest = shortened(without_lead(title_source(text)), TOPIC_MAX), word;
    bool is_json = has_any_word(text, "json");
    if (is_json)
        buf_add(out, STR("{ \"title\": \""));
    size_t start = out->n;
    for (int i = 0; i < TITLE_WORDS && str_split(&rest, ' ', &word); i++) {
        if (i > 0)
            buf_add_char(out, ' ');
        jo_escape(out, word);
    }
    if (out->n == start)
        buf_add(out, STR("New chat"));
    else if (out->p[start] >= 'a' && out->p[start] <= 'z')
        out->p[start] = (char)(out->p[start] - 'a' + 'A');
    if (is_json)
        buf_add(out, STR("\" }"));
}

/* ---- texts ---- */

static const struct answer_template *template_for(str prompt)
{
    bool polish = is_polish(prompt);
    for (size_t i = 0; i < answer_template_count; i++) {
        const struct answer_template *t = &answer_templates[i];
        if (t->is_polish == polish && (t->words[0] == '\0' || has_any_word(prompt, t->words)))
            return t;
    }
    UNREACHABLE();
}

/* The topic at the start of a line begins with a capital (ASCII letters only). */
static void add_topic(struct buf *out, str topic)
{
    bool starts_line =
        out->n == 0 || str_ends(buf_view(out), STR("## ")) || str_ends(buf_view(out), STR(":** "));
    size_t at = out->n;
    buf_add(out, topic);
    if (starts_line && topic.p[0] >= 'a' && topic.p[0] <= 'z')
        out->p[at] = (char)(topic.p[0] - 'a' + 'A');
}

static void write_template(struct buf *out, str prompt)
{
    str rest = str_c(template_for(prompt)->text), topic = topic_of(prompt);
    for (;;) {
        size_t at = str_find(rest, STR("{t}"));
        buf_add(out, str_sub(rest, 0, at));
        if (at == rest.n)
            return;
        add_topic(out, topic);
        rest = str_from(rest, at + 3);
    }
}

static void write_json(struct buf *out, str prompt)
{
    buf_add(out, STR("{\"answer\":\""));
    jo_escape(out, topic_of(prompt));
    buf_add(out, STR("\",\"confidence\":0.9}"));
}

static void write_words(struct answer *a, int64_t count)
{
    static const char *const words[] = {" every", " answer", " begins", " with", " one",
                                        " good",  " simple", " word",   " and",  " goes"};
    for (int64_t i = 0; i < count; i++)
        buf_add(&a->text, str_from(str_c(words[i % (int64_t)COUNT_OF(words)]), i == 0));
}

static void write_text(struct answer *a, const struct answer_wish *wish)
{
    str seen = str_sub(wish->prompt, 0, SCAN_MAX); /* a huge prompt is not searched to its end */
    if (wish->fixed != NULL)
        buf_add(&a->text, str_c(wish->fixed));
    else if (wish->tokens > 0)
        write_words(a, wish->tokens);
    else if (wish->echoes)
        buf_add(&a->text, wish->prompt);
    else if (asks_for_title(str_sub(wish->system, 0, SCAN_MAX)) || asks_for_title(seen))
        write_title(&a->text, wish->prompt);
    else if (wish->wants_json)
        write_json(&a->text, seen);
    else
        write_template(&a->text, seen);
}

/* ---- tokens ---- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\t';
}

/* A token: white space, then a word (a long one in pieces) or one other character. */
static size_t token_end(str s, size_t at)
{
    size_t i = at;
    while (i < s.n && is_blank(s.p[i]) && i - at < TOKEN_BYTES)
        i++;
    if (i < s.n && !is_letter(s.p[i]) && !is_blank(s.p[i]))
        return i + 1;
    while (i < s.n && is_letter(s.p[i]) && i - at < TOKEN_BYTES)
        i++;
    while (i < s.n && ((unsigned char)s.p[i] & 0xc0) == 0x80)
        i++;
    return i;
}

static void push_end(struct answer *a, size_t end)
{
    if (a->count == a->cap) {
        a->cap = a->cap != 0 ? a->cap * 2 : 256;
        a->ends = mem_resize(a->ends, a->cap * sizeof *a->ends);
    }
    a->ends[a->count++] = (uint32_t)end;
}

bool answer_write(struct answer *a, const struct answer_wish *wish)
{
    buf_clear(&a->text);
    a->count = 0;
    write_text(a, wish);
    str s = buf_view(&a->text);
    for (size_t at = 0; at < s.n;) {
        if (wish->max_tokens > 0 && (int64_t)a->count == wish->max_tokens)
            return true;
        at = token_end(s, at);
        push_end(a, at);
    }
    return false;
}

str answer_part(const struct answer *a, size_t from, size_t to)
{
    size_t start = from != 0 ? a->ends[from - 1] : 0;
    size_t end = to != 0 ? a->ends[to - 1] : 0;
    return str_sub(buf_view(&a->text), start, end - start);
}
