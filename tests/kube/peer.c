/* peer.c — what src/bench/k8s.py compares with: `peer yaml FILE` reads all events of libyaml, `peer json FILE`
 * parses the whole text with cJSON. Both hold the file in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <yaml.h>

static int events(const unsigned char *text, size_t n)
{
	yaml_parser_t p;
	yaml_event_t ev;
	int type = YAML_NO_EVENT;

	if (yaml_parser_initialize(&p) != 1)
		return 1;
	yaml_parser_set_input_string(&p, text, n);
	while (type != YAML_STREAM_END_EVENT) {
		if (yaml_parser_parse(&p, &ev) != 1)
			return 1;
		type = (int)ev.type;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	return 0;
}

int main(int argc, char **argv)
{
	FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
	unsigned char *text;
	long n;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (n = ftell(f)) < 0)
		return 2;
	rewind(f);
	text = malloc((size_t)n + 1);
	if (text == NULL || fread(text, 1, (size_t)n, f) != (size_t)n)
		return 2;
	(void)fclose(f);
	if (strcmp(argv[1], "yaml") == 0)
		return events(text, (size_t)n);
	return cJSON_ParseWithLength((const char *)text, (size_t)n) == NULL;
}
