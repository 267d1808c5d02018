/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where execution stands in the profile's tree, and what each node there costs. */
#ifndef HIL_PATH_H
#define HIL_PATH_H

#include <stdint.h>

struct frame;

/* Give the present node what was spent since it began. */
void path_settle(void);
/* A function's node below another; all that other tasks do is one. */
int32_t path_child(int32_t node, int32_t function);
/* What is spent from now on is that node's. */
void path_go_to(int32_t node, int32_t function);
/* Go on after a return: at the caller's node, or at a new one when it lies outside this region. */
void path_go_back_to(const struct frame *frame, int32_t function);

#endif
