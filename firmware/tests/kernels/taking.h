/* Kernels' descriptions from stdin. All that is taken here is held until the case ends. */
#ifndef TAKING_H
#define TAKING_H

#include "kernels/matrix_f32.h"
#include "kernels/matrix_q15.h"
#include "kernels/matrix_q7.h"
#include "kernels/sparse_f32.h"
#include "kernels/sparse_q15.h"
#include "kernels/sparse_q7.h"
#include "stream.h"
#include "target.h"

#define HELD 64u

static void *held[HELD];
static size_t holds;

static inline void *hold(void *memory)
{
    if (memory != NULL) {
        if (holds == HELD) {
            exit(3);
        }
        held[holds++] = memory;
    }
    return memory;
}

static inline void release_all(void)
{
    while (holds != 0) {
        free(held[--holds]);
    }
}

static inline void *taken(size_t count, size_t size)
{
    return hold(take(count, size));
}

static inline void *taken_aligned(size_t count, size_t size)
{
    if (count == 0) {
        return NULL;
    }
    void *memory = hold(aligned_memory(count * size));
    if (memory == NULL) {
        exit(3);
    }
    if (fread(memory, size, count, stdin) != count) {
        exit(2);
    }
    return memory;
}

static inline void *room(size_t bytes)
{
    void *memory = hold(aligned_memory(bytes != 0 ? bytes : 1));
    if (memory == NULL) {
        exit(3);
    }
    return memory;
}

/* Arrays follow as elements of their own size: what a matrix of either kind starts with. */
struct matrix_header {
    uint32_t rows, columns, columns2;
    uint32_t storage;     /* index into the projects below */
    uint32_t multipliers; /* 0 (float), 1 or rows */
    uint32_t biases;      /* 0 or rows */
    uint32_t weights;     /* elements */
    uint32_t places;
};

/* NULL for a header without rows. */
static inline const struct hil_matrix *taken_matrix(void)
{
    static const hil_project projects[] = {hil_project_q15, hil_project_q7, hil_project_sparse_q15,
                                           hil_project_sparse_q7};
    const struct matrix_header *header = taken(1, sizeof *header);
    if (header->rows == 0) {
        return NULL;
    }
    const int32_t *multipliers = taken(header->multipliers, sizeof *multipliers);
    const int32_t *bias = taken(header->biases, sizeof *bias);
    const size_t width = header->storage % 2 == 0 ? sizeof(int16_t) : sizeof(int8_t);
    const void *weights = taken_aligned(header->weights, width);
    const uint8_t *places = taken(header->places, 1);
    const struct hil_matrix matrix = {
        .rows = (uint16_t)header->rows,
        .columns = (uint16_t)header->columns,
        .columns2 = (uint16_t)header->columns2,
        .multiplier = header->multipliers == 1 ? multipliers[0] : 0,
        .multipliers = header->multipliers == 1 ? NULL : multipliers,
        .bias = bias,
        .weights = weights,
        .places = places,
        .project = projects[header->storage],
    };
    struct hil_matrix *kept = room(sizeof *kept);
    *kept = matrix;
    return kept;
}

static inline const struct hil_matrix_f32 *taken_matrix_f32(void)
{
    static const hil_project_float projects[] = {hil_project_f32, hil_project_sparse_f32};
    const struct matrix_header *header = taken(1, sizeof *header);
    if (header->rows == 0) {
        return NULL;
    }
    const float *bias = taken(header->biases, sizeof *bias);
    const float *weights = taken(header->weights, sizeof *weights);
    const uint8_t *places = taken(header->places, 1);
    struct hil_matrix_f32 *kept = room(sizeof *kept);
    const struct hil_matrix_f32 matrix = {
        .rows = (uint16_t)header->rows,
        .columns = (uint16_t)header->columns,
        .columns2 = (uint16_t)header->columns2,
        .bias = bias,
        .weights = weights,
        .places = places,
        .project = projects[header->storage],
    };
    *kept = matrix;
    return kept;
}

#endif
