/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree of call paths within a region: what each function spent itself, on each path that led to it. */
#ifndef HIL_PROFILE_H
#define HIL_PROFILE_H

#include <stdint.h>

enum {
    PROFILE_ROOT = 0,
    PROFILE_ELSEWHERE = 1, /* what is not the region's */
};

struct node {
    int32_t parent;
    int32_t child;   /* first, or -1 */
    int32_t sibling; /* next, or -1 */
    int32_t function;
    uint64_t calls;
    uint64_t instructions;
    uint64_t cycles;
};

void profile_clear(void);
/* The node of ``function`` called from ``parent``, made when it is new; ``parent`` when there is no room. */
int32_t profile_child(int32_t parent, int32_t function);
struct node *profile_node(int32_t index);
int32_t profile_count(void);

#endif
