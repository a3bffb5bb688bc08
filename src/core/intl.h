/* Marks the text that a user reads. A pass-through until the translations come. */
#ifndef GRADWALK_CORE_INTL_H
#define GRADWALK_CORE_INTL_H

#define _(text) (text)

#endif
