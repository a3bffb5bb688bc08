# GW_OPTION(NAME, HELP): --enable-NAME, off unless asked for
AC_DEFUN([GW_OPTION],
  [AC_ARG_ENABLE([$1], [AS_HELP_STRING([--enable-$1], [$2])], [], [enable_$1=no])])

# GW_LINKS(FLAGS, PROGRAM, IF-IT-DOES, IF-NOT): do they work beside those found so far?
AC_DEFUN([GW_LINKS],
  [AC_MSG_CHECKING([whether $CC accepts $1])
   gw_saved_CFLAGS=$CFLAGS
   CFLAGS="$CFLAGS $AM_CFLAGS $1 -Werror"
   AC_LINK_IFELSE([$2], [gw_links=yes], [gw_links=no])
   CFLAGS=$gw_saved_CFLAGS
   AC_MSG_RESULT([$gw_links])
   AS_IF([test $gw_links = yes], [$3], [$4])])

# GW_TRY_FLAGS(VARIABLE, FLAGS): append to VARIABLE those that link without a warning;
# stdio.h is there because FORTIFY without optimisation warns only once a C library header is read.
AC_DEFUN([GW_TRY_FLAGS],
  [for gw_flag in $2; do
     GW_LINKS([$gw_flag],
       [AC_LANG_PROGRAM([[#include <stdio.h>]], [[return puts("") < 0;]])],
       [AS_VAR_APPEND([$1], [" $gw_flag"])])
   done])

AC_DEFUN([GW_FUZZ_TARGET], [AC_LANG_SOURCE([[
#include <stddef.h>
#include <stdint.h>
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) { return bytes && count ? 0 : 0; }
]])])

# GW_LIBRARY(PREFIX, PKG-CONFIG NAME, DEBIAN PACKAGE): a missing one joins gw_missing, so that one
# message can name them all
AC_DEFUN([GW_LIBRARY],
  [PKG_CHECK_MODULES([$1], [$2],
     [gw_libraries="$gw_libraries $2 `$PKG_CONFIG --modversion $2`"],
     [gw_missing="$gw_missing $3"])])

# GW_ROUNDS(IF-IT-DOES, IF-NOT): is every operation's result rounded to a double of IEEE 754, and
# nothing reordered? (x87 keeps 64 bits; -ffast-math reorders.)
AC_DEFUN([GW_ROUNDS],
  [gw_saved_CFLAGS=$CFLAGS
   CFLAGS="$AM_CFLAGS $CFLAGS"
   AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <float.h>]], [[
     #if FLT_EVAL_METHOD < 0 || FLT_EVAL_METHOD == 2 || DBL_MANT_DIG != 53 || DBL_MAX_EXP != 1024
     #error wider or other doubles
     #endif
     #ifdef __FAST_MATH__
     #error reordered sums
     #endif
   ]])], [gw_rounds=yes], [gw_rounds=no])
   CFLAGS=$gw_saved_CFLAGS
   AS_IF([test $gw_rounds = yes], [$1], [$2])])

# GW_PLAIN_DOUBLES: add what it takes to AM_CFLAGS, which 32-bit x86 needs, or stop
AC_DEFUN([GW_PLAIN_DOUBLES],
  [GW_ROUNDS([], [
     GW_TRY_FLAGS([AM_CFLAGS], [-msse2 -mfpmath=sse])
     GW_ROUNDS([], [AC_MSG_ERROR([dnl
$CC $CFLAGS does not round each result to a double (look for -ffast-math, -Ofast, -mfpmath=387), so dnl
the program would not compute the digits that it shows elsewhere])])])])

# GW_WIDE: a number of 113 bits for second opinions, as WIDE_FLOAT128 (the C library's own) or
# WIDE_QUADMATH (gcc's library). Where long double is one, or there is none, neither is defined:
# src/core/wide.h tells the two apart. gw_wide says in words what was found.
AC_DEFUN([GW_WIDE],
  [gw_wide="none: the check does without a second opinion"
   AC_MSG_CHECKING([for quadruple precision])
   AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#define _GNU_SOURCE
#include <math.h>
]], [[volatile _Float128 x = 1; return (int)expf128(x) + (int)tanhf128(x) - 2;]])],
     [gw_wide=_Float128
      AC_DEFINE([WIDE_FLOAT128], [1], [The C library has functions for _Float128.])],
     [AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <float.h>]],
        [[int enough[LDBL_MANT_DIG == 113 ? 1 : -1]; return enough[0];]])],
        [gw_wide="long double"],
        [gw_saved_LIBS=$LIBS
         LIBS="$LIBS -lquadmath"
         AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <quadmath.h>]],
           [[volatile __float128 x = 1; return (int)expq(x) + (int)tanhq(x) - 2;]])],
           [gw_wide="__float128, libquadmath"
            AC_DEFINE([WIDE_QUADMATH], [1], [libquadmath of gcc is there.])],
           [LIBS=$gw_saved_LIBS])])])
   AC_MSG_RESULT([$gw_wide])])
