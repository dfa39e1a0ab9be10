/* `mai backup` and `mai restore`. A backup is made online, by the running server when there is one; a restore needs
 * the folder for itself. */
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/wire.h"

#include <limits.h>
#include <unistd.h>

/* ---- backup ---- */

static int backup(struct command_call *c)
{
    struct err e = {0};
    str path = c->args->words[0];
    status st = store_backup(c->host.store, path, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args)) {
        MAI_AUTO(buf_free) struct buf line;
        buf_init(&line, LINE_JSON_MAX_BYTES);
        struct json_writer w = json_writer(&line);
        jw_object(&w);
        jw_kstr(&w, STR("path"), path);
        jw_end(&w);
        buf_add_char(&line, '\n');
        say_json(c->out, &line);
        return EXIT_DONE;
    }
    print_add(c->out, STR("The backup is "));
    print_add_text(c->out, path);
    print_add(c->out, STR(".\nThe master key (WEBUI_SECRET_KEY or master.key in the data folder) is not in it: keep it apart.\n"));
    return EXIT_DONE;
}

/* The server has another working folder: it gets an absolute path. */
static int backup_here(struct front *f)
{
    char folder[PATH_MAX];
    MAI_AUTO(buf_free) struct buf path;
    str words[] = {STR("backup"), STR_NONE, STR("--json")};
    size_t count = COUNT_OF(words) - !args_wants_json(&f->args);
    str typed = f->args.words[0];
    buf_init(&path, PATH_MAX);
    if (typed.n == 0)
        return front_fail(f, "The path of the backup is empty");
    if (typed.p[0] != '/') {
        if (getcwd(folder, sizeof folder) == NULL)
            return front_fail(f, "The working folder is gone; give an absolute path");
        buf_addf(&path, "%s/", folder);
    }
    buf_add(&path, typed);
    if (path.is_full)
        return front_fail(f, "The path of the backup is too long");
    words[1] = buf_view(&path);
    return front_run(f, words, count, f->out);
}

static const struct flag backup_flags[] = {FLAG_JSON, FLAG_END};

const struct command command_backup = {
    .name = "backup",
    .summary = "Copy the database into a file, also while the server runs",
    .words = "PATH",
    .help = "An older backup at PATH is replaced, any other file is not. The running server writes it, as its user.",
    .min_words = 1,
    .max_words = 1,
    .flags = backup_flags,
    .run = backup,
    .here = backup_here,
};

/* ---- restore ---- */

static int restore(struct front *f)
{
    const struct conf *c = f->conf;
    struct store_conf store = {.data_dir = c->data_dir, .database_url = c->database_url};
    struct err e = {0};
    int fd;
    if (wire_connect(c->data_dir, &fd) == ST_OK) {
        close(fd);
        return front_fail(f, "A server runs on this data folder: stop it first");
    }
    status st = store_restore_conf(&store, f->args.words[0], &e);
    if (st != ST_OK)
        return front_fail(f, err_text(&e, st));
    print_add(f->out, STR("The backup is in place; what was there is kept beside it as mai.db.replaced-*.\n"
                        "Start the server with the master key that belongs to the backup.\n"));
    return EXIT_DONE;
}

const struct command command_restore = {
    .name = "restore",
    .summary = "Put a backup in place of the data folder's database",
    .words = "PATH",
    .help = "Needs the server stopped. The backup is checked first, the replaced database is kept beside it.",
    .min_words = 1,
    .max_words = 1,
    .here = restore,
};
