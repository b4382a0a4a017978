/* What a configuration that could not be read is to a program's caller. */
#include <errno.h>
#include <sysexits.h>

#include "router/conf.h"

/* What may have passed at the next try is no fault of the file. */
int
conf_exit_status(const struct error *err)
{
	switch (err->code) {
	case EACCES:
		return EX_NOPERM;
	case EAGAIN:
	case ENOMEM:
	case EMFILE:
	case ENFILE:
	case EIO:
	case ETIME:
	case ETIMEDOUT:
		return EX_UNAVAILABLE;
	}
	return EX_CONFIG;
}
