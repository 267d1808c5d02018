/* Runs kernels on cases from stdin until it ends. A case is a uint32 kind, the kind's header of uint32 and the arrays
 * in the order in which they are taken below; the answer goes to stdout. tests/unit/models drives it. */
#include <string.h>

#include "kernels/dense_f32.h"
#include "kernels/dense_q15.h"
#include "kernels/fastgrnn_f32.h"
#include "kernels/fastgrnn_q15.h"
#include "stream.h"

enum kind { CELL_F32 = 1, CELL_Q15 = 2, GATE_F32 = 3 };

static const hil_gate_f32 gates_f32[] = {
    hil_quant_sigm_f32, hil_quant_sigm4_f32, hil_quant_tanh_f32, hil_relu_f32, hil_sigmoid_f32, hil_tanh_f32,
};
static const hil_gate_q15 gates_q15[] = {hil_quant_sigm_q15, hil_quant_sigm_q15, hil_quant_tanh_q15};

struct sizes {
    uint32_t features, hidden, rank_w, rank_u, outputs, steps, vectors, gate, update, norm_rows;
};

static size_t mix_size(const struct sizes *s)
{
    return (size_t)s->hidden * (FASTGRNN_LEFT(s->features, s->rank_w) + FASTGRNN_RIGHT(s->hidden, s->rank_u));
}

static void cell_f32(void)
{
    struct sizes *s = take(1, sizeof *s);
    float *mean = take((size_t)s->norm_rows * s->features, sizeof(float));
    float *scale = take((size_t)s->norm_rows * s->features, sizeof(float));
    float *w1 = take((size_t)s->rank_w * s->features, sizeof(float));
    float *u1 = take((size_t)s->rank_u * s->hidden, sizeof(float));
    float *mix = take(mix_size(s), sizeof(float));
    float *bias_gate = take(s->hidden, sizeof(float));
    float *bias_update = take(s->hidden, sizeof(float));
    float *zeta_nu = take(2, sizeof(float));
    float *weights = take((size_t)s->outputs * s->hidden, sizeof(float));
    float *bias = take(s->outputs, sizeof(float));
    const struct fastgrnn_f32 cell = {
        (uint16_t)s->features, (uint16_t)s->hidden, (uint16_t)s->rank_w, (uint16_t)s->rank_u,
        (uint16_t)(s->norm_rows > 1 ? s->features : 0), mean, scale, w1, u1, mix, bias_gate, bias_update,
        zeta_nu[0], zeta_nu[1], gates_f32[s->gate], gates_f32[s->update],
    };
    const struct dense_f32 classifier = {(uint16_t)s->hidden, (uint16_t)s->outputs, weights, bias};
    float *state = allocate(s->hidden * sizeof(float));
    float *scratch = allocate(fastgrnn_f32_scratch_size(&cell));
    float *logits = allocate(s->outputs * sizeof(float));
    for (uint32_t vector = 0; vector < s->vectors; vector++) {
        float *input = take((size_t)s->steps * s->features, sizeof(float));
        memset(state, 0, s->hidden * sizeof(float));
        if (fastgrnn_f32_run(&cell, input, s->steps, state, scratch) != 0 ||
            dense_f32_run(&classifier, state, logits) != 0) {
            exit(5);
        }
        give(logits, s->outputs, sizeof(float));
        free(input);
    }
    void *all[] = {mean, scale, w1, u1, mix, bias_gate, bias_update, zeta_nu, weights, bias, state, scratch, logits, s};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
}

static void cell_q15(void)
{
    struct sizes *s = take(1, sizeof *s);
    uint32_t *shifts = take(6, sizeof(uint32_t));
    int16_t *zeta_nu = take(2, sizeof(int16_t));
    int16_t *w1 = take((size_t)s->rank_w * s->features, sizeof(int16_t));
    int16_t *u1 = take((size_t)s->rank_u * s->hidden, sizeof(int16_t));
    int16_t *mix = take(mix_size(s), sizeof(int16_t));
    int32_t *gate_bias = take(s->hidden, sizeof(int32_t));
    int32_t *update_bias = take(s->hidden, sizeof(int32_t));
    int16_t *weights = take((size_t)s->outputs * s->hidden, sizeof(int16_t));
    int32_t *bias = take(s->outputs, sizeof(int32_t));
    const struct fastgrnn_q15 cell = {
        (uint16_t)s->features, (uint16_t)s->hidden, (uint16_t)s->rank_w, (uint16_t)s->rank_u,
        w1, u1, mix, gate_bias, update_bias,
        (uint8_t)shifts[0], (uint8_t)shifts[1], (uint8_t)shifts[2], (uint8_t)shifts[3], (uint8_t)shifts[4],
        zeta_nu[0], zeta_nu[1], gates_q15[s->gate], gates_q15[s->update],
    };
    const struct dense_q15 classifier = {(uint16_t)s->hidden, (uint16_t)s->outputs, (uint8_t)shifts[5], weights, bias};
    const size_t halves = (size_t)FASTGRNN_Q15_HALVES(s->features, s->hidden, s->rank_w, s->rank_u);
    int16_t *state = allocate(s->hidden * sizeof(int16_t));
    int16_t *logits = allocate(s->outputs * sizeof(int16_t));
    int32_t *class_sums = allocate(s->outputs * sizeof(int32_t));
    const struct fastgrnn_q15_scratch scratch = {
        allocate(fastgrnn_q15_scratch_size(&cell) - halves * sizeof(int16_t)),
        allocate(halves * sizeof(int16_t)),
    };
    for (uint32_t vector = 0; vector < s->vectors; vector++) {
        int16_t *input = take((size_t)s->steps * s->features, sizeof(int16_t));
        memset(state, 0, s->hidden * sizeof(int16_t));
        if (fastgrnn_q15_run(&cell, input, s->steps, state, &scratch) != 0 ||
            dense_q15_run(&classifier, state, class_sums, logits) != 0) {
            exit(5);
        }
        give(logits, s->outputs, sizeof(int16_t));
        free(input);
    }
    void *all[] = {shifts, zeta_nu, w1, u1, mix, gate_bias, update_bias, weights, bias, state, logits, class_sums,
                   scratch.sums, scratch.halves, s};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        free(all[i]);
    }
}

static void gate_f32(void)
{
    uint32_t *header = take(2, sizeof(uint32_t));
    float *sums = take(header[1], sizeof(float));
    float *bias = take(header[1], sizeof(float));
    gates_f32[header[0]](sums, bias, header[1], sums);
    give(sums, header[1], sizeof(float));
    free(header);
    free(sums);
    free(bias);
}

int main(void)
{
    uint32_t kind;
    while (fread(&kind, sizeof kind, 1, stdin) == 1) {
        switch (kind) {
        case CELL_F32:
            cell_f32();
            break;
        case CELL_Q15:
            cell_q15();
            break;
        case GATE_F32:
            gate_f32();
            break;
        default:
            return 6;
        }
    }
    return 0;
}
