/* Somebody's own code: the nearest of a few prototypes, in 16-bit integers. It knows nothing of the lab. */
#ifndef PROTOTYPES_H
#define PROTOTYPES_H

#include <stdint.h>

#define PROTOTYPES 3
#define WINDOW 16 /* samples */

/* Make the prototypes: one period of a sine, a square and a saw wave. Call once. */
void prototypes_make(void);

/* Subtract the window's mean, rounded towards zero. */
void prototypes_centre(const int16_t *samples, int16_t *centred);

/* scores[k] = minus the mean distance from prototype k, per sample; the largest is the nearest. */
void prototypes_compare(const int16_t *centred, int16_t *scores);

#endif
