/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "profile.h"

#include <stdlib.h>

#define NODES_MOST 65536

static struct node *nodes;
static int32_t count, room;

static int32_t make(int32_t parent, int32_t function)
{
    if (count == room) {
        const int32_t larger = room == 0 ? 256 : 2 * room;
        struct node *const moved =
            larger > NODES_MOST ? NULL : realloc(nodes, (size_t)larger * sizeof *nodes);
        if (moved == NULL) {
            return parent;
        }
        nodes = moved;
        room = larger;
    }
    nodes[count] = (struct node){.parent = parent, .child = -1, .sibling = -1, .function = function};
    return count++;
}

void profile_clear(void)
{
    count = 0;
    (void)make(-1, -1);
    (void)make(-1, -1);
}

int32_t profile_child(int32_t parent, int32_t function)
{
    for (int32_t child = nodes[parent].child; child >= 0; child = nodes[child].sibling) {
        if (nodes[child].function == function) {
            return child;
        }
    }
    const int32_t made = make(parent, function);
    if (made != parent) {
        nodes[made].sibling = nodes[parent].child;
        nodes[parent].child = made;
    }
    return made;
}

struct node *profile_node(int32_t index)
{
    return &nodes[index];
}

int32_t profile_count(void)
{
    return count;
}
