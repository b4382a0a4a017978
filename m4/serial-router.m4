# SR_IF_COMPILES(FLAGS, IF-YES, IF-NO)
AC_DEFUN([SR_IF_COMPILES], [
	sr_save_CFLAGS=$CFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stdlib.h>]], [])],
		[sr_ok=yes], [sr_ok=no])
	CFLAGS=$sr_save_CFLAGS
	AS_IF([test $sr_ok = yes], [$2], [$3])
])

# SR_IF_LINKS(FLAGS, IF-YES, IF-NO)
AC_DEFUN([SR_IF_LINKS], [
	sr_save_CFLAGS=$CFLAGS
	sr_save_LDFLAGS=$LDFLAGS
	CFLAGS="$CFLAGS -Werror $1"
	LDFLAGS="$LDFLAGS $1"
	AC_LINK_IFELSE([AC_LANG_PROGRAM([[#include <stdlib.h>]], [])],
		[sr_ok=yes], [sr_ok=no])
	CFLAGS=$sr_save_CFLAGS
	LDFLAGS=$sr_save_LDFLAGS
	AS_IF([test $sr_ok = yes], [$2], [$3])
])

# SR_TRY_CFLAGS(FLAGS, ...)
# Adds to SR_CFLAGS each flag that the compiler takes.
AC_DEFUN([SR_TRY_CFLAGS], [
	for sr_flag in m4_normalize(m4_translit([$*], [,], [ ])); do
		AC_MSG_CHECKING([whether $CC takes $sr_flag])
		SR_IF_COMPILES([$sr_flag], [SR_CFLAGS="$SR_CFLAGS $sr_flag"])
		AC_MSG_RESULT([$sr_ok])
	done
])

# SR_TRY_CPPFLAGS(FLAGS)
# Adds the flags to SR_CPPFLAGS where the compiler takes them together, with
# the optimization asked for.
AC_DEFUN([SR_TRY_CPPFLAGS], [
	AC_MSG_CHECKING([whether $CC takes $1])
	SR_IF_COMPILES([$1], [SR_CPPFLAGS="$SR_CPPFLAGS $1"])
	AC_MSG_RESULT([$sr_ok])
])

# SR_TRY_LDFLAGS(FLAG, ...)
# Adds to SR_LDFLAGS each flag that the linker takes.
AC_DEFUN([SR_TRY_LDFLAGS], [m4_foreach([sr_each], [$@], [
	AC_MSG_CHECKING([whether $CC links with sr_each])
	SR_IF_LINKS(m4_quote(sr_each),
		[SR_LDFLAGS="$SR_LDFLAGS sr_each"])
	AC_MSG_RESULT([$sr_ok])
])])

# SR_TRY_PIE
# Position-independent executables, where compiler and linker make them.
AC_DEFUN([SR_TRY_PIE], [
	AC_MSG_CHECKING([whether $CC makes position-independent executables])
	SR_IF_LINKS([-fPIE -pie], [SR_CFLAGS="$SR_CFLAGS -fPIE"
		SR_LDFLAGS="$SR_LDFLAGS -pie"])
	AC_MSG_RESULT([$sr_ok])
])

# SR_SYSTEM_DIR(NAME, PACKAGE, PKG-CONFIG-VARIABLE, BELOW, ELSEWHERE,
#     BELOW-PREFIX)
# Sets with_NAME and the output variable NAME from --with-NAME: a directory,
# no, or auto: BELOW what pkg-config says of PACKAGE.
AC_DEFUN([SR_SYSTEM_DIR], [
	AS_CASE([$with_$1],
	[auto|yes], [
		sr_dir=`$PKG_CONFIG --variable=$3 $2 2>/dev/null`
		AS_IF([test -n "$sr_dir"], [sr_dir=$sr_dir$4],
			[test -d "$5"], [sr_dir=$5])
		AS_IF([test -z "$sr_dir"], [with_$1=no],
			[AS_CASE([$prefix], [NONE|/usr|/usr/local],
				[with_$1=$sr_dir], [with_$1='${prefix}/$6'])])
	])
	$1=$with_$1
	AC_SUBST([$1])
])
