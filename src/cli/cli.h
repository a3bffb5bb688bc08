/* The command line: verbs, their options, and the exit status. */
#ifndef GRADWALK_CLI_CLI_H
#define GRADWALK_CLI_CLI_H

/* Runs the program and returns its exit status: 0 pass, 1 a check failed, 2 undecided, 64 and up
 * trouble (enum status). */
int cli_run(int argc, char **argv);

#endif
