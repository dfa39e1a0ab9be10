/* `mai version`: what this program is and what it was put together from. */
#include "base/version.h"
#include "cli/commands.h"
#include "cli/front.h"

static int version(struct front *f)
{
    if (args_wants_json(&f->args))
        print_add(f->out, STR("{\"name\": \"mAI\", \"version\": \"" MAI_VERSION "\", \"compiler\": \"" __VERSION__ "\"}\n"));
    else
        print_add(f->out, STR("mAI " MAI_VERSION "\n"));
    return EXIT_DONE;
}

static const struct flag flags[] = {FLAG_JSON, FLAG_END};

const struct command command_version = {
    .name = "version",
    .summary = "Print the version",
    .words = "",
    .flags = flags,
    .here = version,
    .needs_no_settings = true,
};
