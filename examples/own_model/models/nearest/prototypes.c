#include "prototypes.h"

#define AMPLITUDE 1000

static int16_t prototype[PROTOTYPES][WINDOW];

/* A parabola through the zeros of a half wave is near enough to a sine. */
static int16_t half_wave(int32_t place)
{
    const int32_t half = WINDOW / 2;
    return (int16_t)(4 * AMPLITUDE * place * (half - place) / (half * half));
}

void prototypes_make(void)
{
    const int32_t half = WINDOW / 2;
    for (int32_t i = 0; i < WINDOW; i++) {
        prototype[0][i] = i < half ? half_wave(i) : (int16_t)-half_wave(i - half);
        prototype[1][i] = i < half ? AMPLITUDE : -AMPLITUDE;
        prototype[2][i] = (int16_t)(AMPLITUDE * (2 * i - WINDOW + 1) / WINDOW);
    }
}

void prototypes_centre(const int16_t *samples, int16_t *centred)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < WINDOW; i++) {
        sum += samples[i];
    }
    for (int32_t i = 0; i < WINDOW; i++) {
        centred[i] = (int16_t)(samples[i] - sum / WINDOW);
    }
}

void prototypes_compare(const int16_t *centred, int16_t *scores)
{
    for (int32_t k = 0; k < PROTOTYPES; k++) {
        int32_t distance = 0;
        for (int32_t i = 0; i < WINDOW; i++) {
            const int32_t apart = centred[i] - prototype[k][i];
            distance += apart < 0 ? -apart : apart;
        }
        scores[k] = (int16_t)(-distance / WINDOW);
    }
}
