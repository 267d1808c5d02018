#include "cascade_fixed.h"

#include <string.h>

#include "fixed.h"

static void normalise(const struct hil_cascade_fixed *cascade, const int16_t *counts, uint32_t elements,
                      int16_t *samples)
{
    for (uint32_t i = 0; i < elements; i++) {
        samples[i] = hil_saturate((counts[i] - cascade->middle) * cascade->gain);
    }
}

/* The margin of one instance; its final state in `state`. */
static int16_t instance(const struct hil_cascade_fixed *cascade, const int16_t *samples, int16_t *state,
                        int16_t *scratch)
{
    const struct hil_scan *scan = &cascade->scan;
    int16_t margin;
    uint32_t done = 0;
    memset(state, 0, cascade->lower->hidden * sizeof *state);
    do {
        const uint32_t steps = hil_scan_chunk(scan, done);
        (void)hil_cell_fixed_run(cascade->lower, samples + done * cascade->features, steps, state, scratch);
        cascade->margin->project(cascade->margin, state, NULL, &margin);
        done += steps;
    } while (done < scan->length && margin < cascade->limit && -margin < cascade->limit);
    return margin;
}

int hil_cascade_fixed_run(const struct hil_cascade_fixed *cascade, const int16_t *counts, uint32_t steps,
                          const struct hil_cascade_fixed_scratch *scratch, int16_t *output)
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
        const int16_t *samples = scratch->samples + seen * scan->stride * cascade->features;
        const int16_t margin = instance(cascade, samples, scratch->finals + seen * hidden, scratch->cells);
        hil_scan_count(scan, &progress, margin > 0);
    }
    output[classes] = progress.fired ? 1 : 0;
    if (!progress.fired) {
        memcpy(output, cascade->clutter, classes * sizeof *output);
        return 0;
    }
    memset(scratch->state, 0, cascade->upper->hidden * sizeof *scratch->state);
    (void)hil_cell_fixed_run(cascade->upper, scratch->finals, instances, scratch->state, scratch->cells);
    cascade->classifier->project(cascade->classifier, scratch->state, NULL, output);
    return 0;
}
