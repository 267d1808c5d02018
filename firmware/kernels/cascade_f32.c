#include "cascade_f32.h"

#include <string.h>

/* The difference is exact: both are integers of 16 bits. */
static void normalise(const struct hil_cascade_f32 *cascade, const int16_t *counts, uint32_t elements, float *samples)
{
    for (uint32_t i = 0; i < elements; i++) {
        samples[i] = (float)(counts[i] - cascade->middle) * cascade->scale;
    }
}

/* The margin of one instance; its final state in `state`. */
static float instance(const struct hil_cascade_f32 *cascade, const float *samples, float *state, float *scratch)
{
    const struct hil_scan *scan = &cascade->scan;
    float margin;
    uint32_t done = 0;
    memset(state, 0, cascade->lower->hidden * sizeof *state);
    do {
        const uint32_t steps = hil_scan_chunk(scan, done);
        (void)hil_cell_f32_run(cascade->lower, samples + done * cascade->features, steps, state, scratch);
        cascade->margin->project(cascade->margin, state, NULL, &margin);
        done += steps;
    } while (done < scan->length && margin < cascade->limit && -margin < cascade->limit);
    return margin;
}

int hil_cascade_f32_run(const struct hil_cascade_f32 *cascade, const int16_t *counts, uint32_t steps,
                          const struct hil_cascade_f32_scratch *scratch, float *output)
{
    if (cascade == NULL || counts == NULL || scratch == NULL || output == NULL) {
        return -1;
    }
    const struct hil_scan *scan = &cascade->scan;
    const uint32_t hidden = cascade->lower->hidden;
    const uint32_t classes = cascade->classifier->rows;
    const uint32_t instances = HIL_SCAN_INSTANCES(steps, scan->length, scan->stride);
    struct hil_scan_progress progress = {.run = 0, .fired = false};
    uint32_t seen = 0;
    normalise(cascade, counts, steps * cascade->features, scratch->samples);
    for (; seen < instances && hil_scan_goes_on(scan, &progress, instances - seen); seen++) {
        const float *samples = scratch->samples + seen * scan->stride * cascade->features;
        const float margin = instance(cascade, samples, scratch->finals + seen * hidden, scratch->cells);
        hil_scan_count(scan, &progress, margin > 0.0f);
    }
    output[classes] = progress.fired ? 1.0f : 0.0f;
    if (!progress.fired) {
        memcpy(output, cascade->clutter, classes * sizeof *output);
        return 0;
    }
    memset(scratch->state, 0, cascade->upper->hidden * sizeof *scratch->state);
    (void)hil_cell_f32_run(cascade->upper, scratch->finals, instances, scratch->state, scratch->cells);
    cascade->classifier->project(cascade->classifier, scratch->state, NULL, output);
    return 0;
}
