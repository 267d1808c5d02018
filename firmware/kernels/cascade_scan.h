/* What cascades of every precision share: how the lower tier goes over a bag and when it is done.
 *
 * A bag of `steps` samples has an instance of `length` samples every `stride`. An instance stops early when, after a
 * multiple of `check_every` steps before its last, its margin is large enough either way. The bag is a target as soon as
 * `consecutive` instances in a row have a margin above 0; the scan ends without one as soon as that many in a row can no
 * longer be reached. hil/models/cascade/scan.py is the same in numpy.
 */
#ifndef HIL_CASCADE_SCAN_H
#define HIL_CASCADE_SCAN_H

#include <stdbool.h>
#include <stdint.h>

struct hil_scan {
    uint16_t length;
    uint16_t stride;
    uint16_t check_every;
    uint16_t consecutive;
};

/* Whole instances in a bag: a constant expression where its arguments are. */
#define HIL_SCAN_INSTANCES(steps, length, stride) ((steps) < (length) ? 0 : ((steps) - (length)) / (stride) + 1)

/* How far a scan is: zeroed before the first instance. */
struct hil_scan_progress {
    uint32_t run; /* instances in a row, up to the last one, that say target */
    bool fired;
};

/* Steps that an instance takes from `done` to the next look at its margin. */
static inline uint32_t hil_scan_chunk(const struct hil_scan *scan, uint32_t done)
{
    const uint32_t rest = (uint32_t)scan->length - done;
    return rest < scan->check_every ? rest : scan->check_every;
}

/* Whether a bag with `left` instances to go can still be a target, or is one. */
static inline bool hil_scan_goes_on(const struct hil_scan *scan, const struct hil_scan_progress *progress,
                                    uint32_t left)
{
    return progress->fired || progress->run + left >= scan->consecutive;
}

/* Take in what one instance says. */
static inline void hil_scan_count(const struct hil_scan *scan, struct hil_scan_progress *progress, bool target)
{
    progress->run = target ? progress->run + 1 : 0;
    progress->fired = progress->fired || progress->run >= scan->consecutive;
}

#endif
