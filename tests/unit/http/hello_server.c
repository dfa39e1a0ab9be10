/* The tests' application on a port, for load by hand: hello_server PORT LOOPS; ends with its stdin.
 * Prints the CPU time it took. */
#include "serve.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

int main(int argc, char **argv)
{
    struct serve *s = serve_new();
    s->conf.port = (uint16_t)(argc > 1 ? strtol(argv[1], NULL, 10) : 0);
    s->loop_count = argc > 2 && argv[2][0] == '2' ? 2 : 1;
    s->conf.limits.max_per_address = 10000;
    serve_start(s);
    printf("port %u\n", s->port);
    fflush(stdout);
    while (getchar() != EOF)
        ;
    struct rusage use;
    getrusage(RUSAGE_SELF, &use);
    double cpu_us = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
                    (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
    unsigned heads = serve_count(s, &s->heads);
    printf("%u requests, %.2f us of CPU each, %ld kB at most\n", heads,
           heads != 0 ? cpu_us / heads : 0, use.ru_maxrss);
    serve_free(s);
    return 0;
}
