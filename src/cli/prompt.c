/* Questions and answers; see prompt.h. Echo is switched off as readpassphrase(3) does it: signals are caught while it
 * is off, the terminal is put back, then the signal takes its course. */
#include "cli/prompt.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* ---- input ---- */

/* Standard input, read in pieces; one for the process, because what is read cannot be put back. */
static struct {
    char bytes[PROMPT_MAX_BYTES];
    size_t at, n;
    bool is_over;
} input;

static volatile sig_atomic_t caught[NSIG];
static volatile sig_atomic_t is_caught;

/* False at the end of input, and when a signal was caught. */
static bool fill(void)
{
    while (input.at == input.n && !input.is_over && !is_caught) {
        ssize_t got = read(STDIN_FILENO, input.bytes, sizeof input.bytes);
        if (got < 0 && errno == EINTR)
            continue;
        input.at = 0;
        input.n = got > 0 ? (size_t)got : 0;
        input.is_over = got <= 0;
    }
    return input.at < input.n;
}

static status read_line(struct buf *into)
{
    bool has_any = false;
    while (fill()) {
        char c = input.bytes[input.at];
        input.bytes[input.at++] = '\0'; /* it may be a secret */
        has_any = true;
        if (c == '\n')
            break;
        buf_add_char(into, c);
    }
    if (!has_any)
        return ST_END;
    if (into->n != 0 && into->p[into->n - 1] == '\r')
        into->n--;
    return into->is_full ? ST_TOO_BIG : ST_OK;
}

bool prompt_is_interactive(void)
{
    return isatty(STDIN_FILENO) == 1;
}

static void say(int fd, str text)
{
    while (text.n != 0) {
        ssize_t n = write(fd, text.p, text.n);
        if (n < 0 && errno != EINTR)
            return; /* nobody sees the question; the answer may come all the same */
        text = str_from(text, n > 0 ? (size_t)n : 0);
    }
}

/* A person's Enter ends the line on the screen; a pipe's does not. */
static void end_line(int fd, bool was_echoed)
{
    if (!was_echoed || !prompt_is_interactive())
        say(fd, STR("\n"));
}

status prompt_line(int fd, str question, struct buf *into)
{
    buf_clear(into);
    say(fd, question);
    status st = read_line(into);
    end_line(fd, st == ST_OK);
    return st;
}

/* ---- without echo ---- */

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGALRM, SIGPIPE};

static void on_signal(int number)
{
    caught[number] = 1;
    is_caught = 1;
}

struct quiet {
    bool is_off;
    struct termios before;
    struct sigaction actions[COUNT_OF(deadly)];
};

static void echo_off(struct quiet *q)
{
    struct termios t;
    struct sigaction act = {.sa_handler = on_signal};
    is_caught = 0;
    for (size_t i = 0; i < COUNT_OF(deadly); i++) {
        caught[deadly[i]] = 0;
        sigaction(deadly[i], &act, &q->actions[i]);
    }
    q->is_off = tcgetattr(STDIN_FILENO, &q->before) == 0;
    if (!q->is_off)
        return;
    t = q->before;
    t.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    while (tcsetattr(STDIN_FILENO, TCSAFLUSH, &t) != 0 && errno == EINTR && !is_caught)
        continue;
}

static void echo_on(struct quiet *q)
{
    if (q->is_off)
        while (tcsetattr(STDIN_FILENO, TCSAFLUSH, &q->before) != 0 && errno == EINTR && caught[SIGTTOU] == 0)
            continue;
    for (size_t i = 0; i < COUNT_OF(deadly); i++)
        sigaction(deadly[i], &q->actions[i], NULL);
    is_caught = 0;
    for (size_t i = 0; i < COUNT_OF(deadly); i++)
        if (caught[deadly[i]])
            kill(getpid(), deadly[i]);
}

static bool was_stopped(void)
{
    return caught[SIGTSTP] || caught[SIGTTIN] || caught[SIGTTOU];
}

static status ask_quietly(int fd, str question, struct buf *into)
{
    struct quiet q = {0};
    status st;
    do { /* again after the person stopped the program and took it up */
        prompt_wipe(into);
        echo_off(&q);
        say(fd, question);
        st = read_line(into);
        say(fd, STR("\n"));
        echo_on(&q);
    } while (st == ST_END && was_stopped());
    return st;
}

status prompt_secret(int fd, str question, struct buf *into)
{
    buf_clear(into);
    if (prompt_is_interactive())
        return ask_quietly(fd, question, into);
    return prompt_line(fd, question, into);
}

bool prompt_yes(int fd, str question)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, PROMPT_MAX_BYTES);
    if (prompt_line(fd, question, &b) != ST_OK)
        return false;
    str answer = str_trim(buf_view(&b));
    return str_eq_nocase(answer, STR("y")) || str_eq_nocase(answer, STR("yes"));
}

status prompt_stdin_secret(const char *what, struct buf *into, struct err *e)
{
    buf_clear(into);
    if (prompt_is_interactive())
        return err_set(e, ST_UNPROCESSABLE, "%s is expected on standard input; pipe it in", what);
    status st = read_line(into);
    if (st == ST_TOO_BIG)
        return err_set(e, ST_UNPROCESSABLE, "%s on standard input is too long", what);
    if (st != ST_OK || str_trim(buf_view(into)).n == 0)
        return err_set(e, ST_UNPROCESSABLE, "Standard input is empty; %s was expected there", what);
    return ST_OK;
}

void prompt_wipe(struct buf *b)
{
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
    buf_clear(b);
}
