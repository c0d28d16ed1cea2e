/* SPDX-License-Identifier: GPL-2.0 */
/* Text of others' within JSON and XML. */
#ifndef CLI_QUOTE_H
#define CLI_QUOTE_H

#include <stdio.h>

/* With its quotation marks; what is not ASCII becomes ?, as a log may be anything. */
void quote_json(FILE *out, const char *text);
void quote_xml(FILE *out, const char *text);

#endif
