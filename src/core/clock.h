/* Time, for progress and frames; nothing that is computed depends on it. */
#ifndef GRADWALK_CORE_CLOCK_H
#define GRADWALK_CORE_CLOCK_H

/* Seconds since some moment in the past; never goes back. */
double seconds_now(void);

#endif
