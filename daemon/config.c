#include "daemon/config.h"

#include <confuse.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/fd.h"
#include "common/log.h"
#include "common/text.h"
#include "daemon/config_internal.h"

const char *config_quote(const char *text, char out[CONFIG_QUOTE_MAX]) {
	_cleanup_(freep) char *clean = text_clean(text, strlen(text));

	if (!text_copy(out, CONFIG_QUOTE_MAX - strlen("…"), clean ? clean : "?")) {
		memcpy(out + strlen(out), "…", sizeof("…"));
	}
	for (char *c = out; *c; c++) {
		if (*c == '\n' || *c == '\t') {
			*c = ' ';
		}
	}
	return out;
}

static void errors_add(struct config_load *load, struct config_errors *errors, const char *line) {
	char **lines = reallocarray(errors->lines, errors->n_lines + 1, sizeof(*lines));

	if (!lines) {
		load->out_of_memory = true;
		return;
	}
	errors->lines = lines;
	lines[errors->n_lines] = text_dup(line, &load->out_of_memory);
	errors->n_lines += lines[errors->n_lines] != NULL;
}

static void errors_format(struct config_load *load, struct config_errors *errors, const char *path,
	int line, const char *fmt, va_list ap) {
	_cleanup_(freep) char *message = NULL;
	_cleanup_(freep) char *sentence = NULL;
	_cleanup_(freep) char *printable = text_clean(path, strlen(path));
	int r;

	if (errors->n_lines >= LIMIT_CONFIG_ERRORS) {
		errors->n_unsaid++;
		return;
	}
	r = vasprintf(&message, fmt, ap);
	if (r < 0 || !printable) {
		message = r < 0 ? NULL : message;
		load->out_of_memory = true;
		return;
	}
	r = line > 0 ? asprintf(&sentence, "%s:%d: %s", printable, line, message)
		     : asprintf(&sentence, "%s: %s", printable, message);
	if (r < 0) {
		sentence = NULL;
		load->out_of_memory = true;
		return;
	}
	errors_add(load, errors, sentence);
}

void config_error(struct config_load *load, const char *path, int line, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	errors_format(load, load->errors, path, line, fmt, ap);
	va_end(ap);
}

void config_warning(struct config_load *load, const char *path, int line, const char *fmt, ...) {
	va_list ap;

	va_start(ap, fmt);
	errors_format(load, &load->config->warnings, path, line, fmt, ap);
	va_end(ap);
}

static void say_unreadable(struct config_load *load, const char *path, int status) {
	if (status == -EACCES) {
		config_error(load, path, 0,
			"cannot be read: %s; chown or chmod it, or its directory, for the user with the id "
			"%u",
			log_errno(status), (unsigned)geteuid());
	} else {
		config_error(load, path, 0, "cannot be read: %s",
			status == -EFBIG ? "longer than 1 MiB" : log_errno(status));
	}
}

static void source_finish(struct config_source *source) {
	if (source->cfg) {
		cfg_free(source->cfg);
	}
	free(source->sections);
	free(source->repeats);
	free(source->path);
}

static void load_finish(struct config_load *load) {
	for (size_t i = 0; i < load->n_sources; i++) {
		source_finish(&load->sources[i]);
	}
	free(load->sources);
	config_destroy(load->config);
}

static void report_repeats(struct config_load *load, const struct config_source *source) {
	char quoted[CONFIG_QUOTE_MAX];

	for (size_t i = 0; i < source->n_repeats; i++) {
		const struct config_repeat *repeat = &source->repeats[i];

		config_error(load, source->path, repeat->line,
			"key \"%s\": it is set in line %d already; a key is set once in a section",
			config_quote(repeat->name, quoted), repeat->first_line);
	}
}

static void load_text(struct config_load *load, struct config_source *source, char *text, size_t len) {
	char problem[LIMIT_SENTENCE_MAX];
	int line;
	int r = config_scan(source, text, len, &line, problem);

	if (r == -ENOMEM) {
		load->out_of_memory = true;
	} else if (r < 0) {
		source->broken = true;
		config_error(load, source->path, line, "syntax: %s", problem);
	} else {
		report_repeats(load, source);
		config_parse(load, source, text);
	}
}

static void load_file(struct config_load *load, const char *path, bool required) {
	_cleanup_(freep) char *text = NULL;
	struct config_source *source = &load->sources[load->n_sources];
	struct stat st;
	size_t len;
	int r = fd_read_file(path, LIMIT_CONFIG_MAX_BYTES, &text, &len);

	if (r == -ENOENT && !required) {
		return;
	}
	*source = (struct config_source){ .path = text_dup(path, &load->out_of_memory) };
	if (!source->path) {
		return;
	}
	load->n_sources++;
	if (r < 0) {
		source->broken = true;
		say_unreadable(load, path, r);
		return;
	}
	source->is_public = stat(path, &st) == 0 && (st.st_mode & S_IROTH) != 0;
	load_text(load, source, text, len);
}

static int is_part(const struct dirent *entry) {
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int by_name(const struct dirent **a, const struct dirent **b) {
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void load_parts(struct config_load *load, const char *directory) {
	struct dirent **entries = NULL;
	int n = scandir(directory, &entries, is_part, by_name);

	if (n < 0 && errno != ENOENT) {
		say_unreadable(load, directory, -errno);
	}
	if (n >= LIMIT_CONFIG_FILES) {
		config_error(load, directory, 0, "holds %d files; at most %d are read", n,
			LIMIT_CONFIG_FILES - 1);
	}
	for (int i = 0; i < n; i++) {
		_cleanup_(freep) char *path = NULL;

		if (asprintf(&path, "%s/%s", directory, entries[i]->d_name) < 0) {
			path = NULL;
			load->out_of_memory = true;
		} else if (load->n_sources < LIMIT_CONFIG_FILES) {
			load_file(load, path, true);
		}
		free(entries[i]);
	}
	free(entries);
}

static void add_unsaid(struct config_load *load, struct config_errors *errors, const char *what) {
	char line[LIMIT_SENTENCE_MAX];

	if (errors->n_unsaid > 0) {
		text_format(line, sizeof(line), "and %zu more %s", errors->n_unsaid, what);
		errors_add(load, errors, line);
	}
}

static int load_result(struct config_load *load, struct config **ret_config) {
	add_unsaid(load, load->errors, "mistakes");
	add_unsaid(load, &load->config->warnings, "warnings");
	if (load->out_of_memory) {
		return -ENOMEM;
	}
	if (load->errors->n_lines > 0) {
		return -EINVAL;
	}
	*ret_config = TAKE_PTR(load->config);
	return 0;
}

int config_load(const char *path, bool required, struct config **ret_config,
	struct config_errors *ret_errors) {
	_cleanup_(load_finish) struct config_load load = { .errors = ret_errors };
	_cleanup_(freep) char *directory = NULL;

	*ret_errors = (struct config_errors){ 0 };
	load.config = malloc(sizeof(*load.config));
	load.sources = calloc(LIMIT_CONFIG_FILES, sizeof(*load.sources));
	if (asprintf(&directory, "%s.d", path) < 0) {
		directory = NULL;
	}
	if (!load.config || !load.sources || !directory) {
		free(TAKE_PTR(load.config));
		return -ENOMEM;
	}
	*load.config = config_defaults;
	load.config->origins = config_origins_begin();
	if (!load.config->origins) {
		return -ENOMEM;
	}
	load_file(&load, path, required);
	load_parts(&load, directory);
	if (!load.out_of_memory) {
		config_apply(&load);
	}
	return load_result(&load, ret_config);
}

void config_list_destroy(char **list) {
	for (char **text = list; text && *text; text++) {
		free(*text);
	}
	free(list);
}

static void checks_finish(struct config_checks *checks) {
	config_list_destroy(checks->required);
	config_list_destroy(checks->ignored);
}

/* It may hold a password. */
static void destroy_proxy(char *proxy) {
	if (proxy) {
		explicit_bzero(proxy, strlen(proxy));
	}
	free(proxy);
}

void config_destroy(struct config *config) {
	if (!config) {
		return;
	}
	for (size_t i = 0; i < config->n_agents; i++) {
		config_list_destroy(config->agents[i].command);
		config_list_destroy(config->agents[i].branches);
		free(config->agents[i].workdir);
	}
	for (size_t i = 0; i < config->n_projects; i++) {
		checks_finish(&config->projects[i].checks);
	}
	for (size_t i = 0; i < config->n_rules; i++) {
		config_submitters_destroy(config->rules[i]);
	}
	free(config->rules);
	destroy_proxy(config->proxy);
	json_decref(config->origins);
	config_errors_finish(&config->warnings);
	free(config->no_proxy);
	free(config->ca_file);
	free(config->agents);
	free(config->forges);
	free(config->projects);
	free(config);
}

void config_checks_destroy(struct config_checks *checks) {
	if (checks) {
		checks_finish(checks);
	}
	free(checks);
}

void config_errors_finish(struct config_errors *errors) {
	for (size_t i = 0; i < errors->n_lines; i++) {
		free(errors->lines[i]);
	}
	free(errors->lines);
	*errors = (struct config_errors){ 0 };
}
