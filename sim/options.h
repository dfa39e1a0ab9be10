/* Command line of the simulator, from one table. */
#ifndef SIM_OPTIONS_H
#define SIM_OPTIONS_H

#include "sim.h"

/* Fills `o` with defaults and what the command line says. */
NODISCARD status options_parse(struct sim_options *o, int argc, char **argv, bool *wants_help,
                               struct err *e);
/* Options, control routes, scripted models and script fields on stdout. */
void options_help(void);

#endif
