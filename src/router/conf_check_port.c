/* Rules of ports: which one it is, and that no two links ask for the same. */
#include <string.h>

#include "router/conf_check.h"
#include "router/conf_read.h"

/* The setting at path below a link; NULL: there is none. */
static const config_setting_t *
given(const config_setting_t *link, const char *path)
{
	const config_setting_t *s = conf_nearest(link, path);
	const char *name = config_setting_name(s);

	return name && strcmp(name, strrchr(path, '.') + 1) == 0 ? s : NULL;
}

static void
tell_missing(struct conf_reader *r, const config_setting_t *link)
{
	const config_setting_t *port = config_setting_get_member(link, "port");
	char path[CONF_PATH_SIZE];

	/* What else is there in its place is told already. */
	if (port && !config_setting_is_group(port))
		return;
	conf_faults_add(&r->faults, conf_line(port ? port : link),
	    "%s.port.device: missing, expected an absolute path, or port.usb "
	    "instead",
	    conf_path(link, path, sizeof(path)));
}

static void
check_usb(struct conf_reader *r, const config_setting_t *s,
    const struct usb_match *usb)
{
	if (config_setting_is_group(s) && config_setting_length(s) == 0 &&
	    !usb_match_is_set(usb))
		conf_fault(r, s,
		    "expected at least one of vendor, product, serial, path "
		    "and function");
}

void
conf_check_port(struct conf_reader *r, const config_setting_t *group,
    const struct conf_link *link)
{
	const config_setting_t *device = given(group, "port.device");
	const config_setting_t *usb = given(group, "port.usb");

	if (!device && !usb)
		tell_missing(r, group);
	if (device && usb)
		conf_fault(r, usb, "expected either device or usb, got both");
	if (usb)
		check_usb(r, usb, &link->port.usb);
	if (link->port.flow == PORT_FLOW_RTSCTS &&
	    link->port.rts != PORT_LINE_KEEP)
		conf_fault(r, conf_nearest(group, "port.rts"),
		    "expected \"keep\" with flow \"rtscts\", which moves RTS");
}

void
conf_check_claims(struct conf_reader *r, const config_setting_t *list, size_t i)
{
	const config_setting_t *s = given(
	    config_setting_get_elem(list, i), "port.usb");
	const struct usb_match *here = &r->conf->links[i].port.usb;

	for (size_t j = 0; s && usb_match_is_set(here) && j < i; j++) {
		const struct usb_match *there = &r->conf->links[j].port.usb;
		const config_setting_t *other;
		char place[CONF_PLACE_SIZE];

		if (!usb_match_is_set(there) ||
		    (!usb_match_within(here, there) &&
			!usb_match_within(there, here)))
			continue;
		other = conf_nearest(
		    config_setting_get_elem(list, j), "port.usb");
		conf_fault(r, s,
		    "the same adapter is what links[%zu].port.usb, %s, asks "
		    "for: one of them has to say more, or other things",
		    j, conf_place(r, other, s, place));
		return;
	}
}
