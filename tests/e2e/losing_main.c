/* `mai` on a store that loses what was not synced: SIGKILL is a power cut. For kill.test.mjs only. */
#include "base/mem.h"
#include "cli/front.h"
#include "unit/store/losing_vfs.h"

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    str *words = mem_alloc_array(count + 1, sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = str_c(argv[i + 1]);
    losing_vfs_register(true);
    int code = front_main(words, count);
    mem_free(words);
    return code;
}
