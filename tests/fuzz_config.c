/* Any bytes as experiments.ini: read or refused with a message, and what is read is printed and read back. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "io/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char path[64];
    if (!*path)
        snprintf(path, sizeof(path), "/tmp/fsplab-fuzz-%ld.ini", (long)getpid());
    FILE *f = fopen(path, "wb");
    if (!f)
        abort();
    if (size)
        fwrite(data, 1, size, f);
    fclose(f);

    struct err err = {0};
    struct params p;
    char **names;
    int n = config_studies(path, &names, &err);
    if (n < 0 && (err.code != ERR_CONFIG || !*err.msg))
        abort();
    for (int i = 0; i < n; i++) {
        err = (struct err){0};
        if (!config_read(path, names[i], &p, &err)) {
            if (err.code != ERR_CONFIG || config_line(path, names[i], NULL) < 1)
                abort();
        } else {
            char *text = params_canonical(&p, ~0u), *rest = text;
            for (char *line; (line = strtok_r(rest, "\n", &rest));)
                if (!params_set_pair(&p, line, &err))
                    abort();
            free(text);
            params_check(&p, NULL);
        }
        free(names[i]);
    }
    if (n >= 0)
        free(names);
    unlink(path);
    return 0;
}
