#include "router/damage.h"

#include <inttypes.h>
#include <stdio.h>

#define NOISY_PERMILLE 10

void
damage_begin(struct damage *d, const struct stats *now, int64_t now_ms)
{
	d->before = *now;
	d->looked_ms = now_ms;
	d->noisy = false;
}

static uint64_t
dropped(const struct damage *d, const struct stats *now, enum stats_rx_drop i)
{
	return now->rx_dropped[i] - d->before.rx_dropped[i];
}

static uint64_t
damaged(const struct damage *d, const struct stats *now)
{
	uint64_t n = 0;

	for (int i = 0; i < STATS_RX_DROPS; i++) {
		if (i != STATS_RX_REFUSED)
			n += dropped(d, now, i);
	}
	return n;
}

static uint64_t
uart(const struct damage *d, const struct stats *now, enum stats_uart i)
{
	return now->rx_uart[i] - d->before.rx_uart[i];
}

/* By what the adapter counted, else by what the frames looked like. */
static const char *
what_to_check(const struct damage *d, const struct stats *now, uint64_t bad)
{
	if (uart(d, now, STATS_UART_OVERRUN) * 2 >= bad)
		return "the adapter's buffer overran: flow = \"rtscts\", or a "
		       "lower baud, or a less busy machine";
	if (uart(d, now, STATS_UART_PARITY) * 2 >= bad ||
	    uart(d, now, STATS_UART_FRAMING) * 2 >= bad)
		return "framing and parity errors: do both ends have the same "
		       "baud, parity and stop_bits? cable, ground?";
	if (dropped(d, now, STATS_RX_NOISE) * 2 >= bad)
		return "nothing but noise arrives: do both ends have the same "
		       "baud, and speak SLIP?";
	if (dropped(d, now, STATS_RX_TOTAL_LENGTH) * 2 >= bad)
		return "bytes are missing: flow = \"rtscts\", a lower baud, or "
		       "a less busy machine";
	return "cable, ground, interference? a lower baud? does another "
	       "program read the port?";
}

enum damage_news
damage_look(struct damage *d, const struct stats *now, int64_t now_ms,
    char *text, size_t size)
{
	uint64_t frames = now->rx_frames - d->before.rx_frames;
	uint64_t bad = damaged(d, now);
	enum damage_news news = DAMAGE_NONE;

	if (now_ms - d->looked_ms < DAMAGE_EVERY_MS ||
	    frames < DAMAGE_FRAMES_MIN)
		return DAMAGE_NONE;
	d->permille = bad * 1000 / frames;
	d->noisy = bad * 1000 > frames * NOISY_PERMILLE;
	d->check = d->noisy ? what_to_check(d, now, bad) : NULL;
	if (d->noisy &&
	    (d->told_ms == 0 || now_ms - d->told_ms >= DAMAGE_TELL_MS)) {
		snprintf(text, size,
		    "%u.%u %% of frames arrive damaged (%" PRIu64 " of %" PRIu64
		    " in %" PRId64 " s): %s",
		    d->permille / 10, d->permille % 10, bad, frames,
		    (now_ms - d->looked_ms) / 1000, d->check);
		d->told_ms = now_ms;
		d->told = true;
		news = DAMAGE_NOISY;
	} else if (d->told && !d->noisy) {
		d->told = false;
		news = DAMAGE_SOUND;
	}
	d->before = *now;
	d->looked_ms = now_ms;
	return news;
}
