#include "drive.h"
int fuzz(double seconds, unsigned long seed, char **arguments) { (void)seconds; (void)seed; (void)arguments; return 0; }
