/* The version of everything built here. */
#ifndef MAI_VERSION_H
#define MAI_VERSION_H

#define MAI_VERSION "0.1.0"

#endif
