/* The program `mai`: words in, exit code out; see cli/front.h. */
#include "base/mem.h"
#include "cli/front.h"

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? (size_t)argc - 1 : 0;
    str *words = mem_alloc_array(count + 1, sizeof *words);
    for (size_t i = 0; i < count; i++)
        words[i] = str_c(argv[i + 1]);
    int code = front_main(words, count);
    mem_free(words);
    return code;
}
