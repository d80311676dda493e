/* cmd_table: THE table of commands and of what may stand behind each: `fsplab --help`, "did you mean" and the completion of
 * shells read it. tests/test_complete.sh compares it with the commands' own help. */
#ifndef FSPLAB_CMD_TABLE_H
#define FSPLAB_CMD_TABLE_H

#include <stdbool.h>

/* Nets to choose from, between blanks; others can be typed. */
extern const char cmd_nets[];

/* What a word can be, for completion. */
enum word_kind {
    WORD_NONE,  /* nothing that could be listed: a number, a name that is made up */
    WORD_STUDY, /* of experiments.ini, or begun */
    WORD_FILE,
    WORD_DIR,
    WORD_SETTING, /* key=value of any setting, search.NAME= too */
    WORD_LIVE,    /* key=value of a setting that may change while a trial runs; lr= */
    WORD_SEARCH,  /* key=value of a setting that may be searched */
    WORD_SCREEN,  /* a screen of the workbench */
    WORD_TRIAL,   /* a trial's number of the study named before */
    WORD_NET,     /* res14, vgg26, ... */
    WORD_CHOICE,  /* one of `choices` */
};

struct word_def {
    enum word_kind kind;
    const char *choices; /* WORD_CHOICE: between blanks */
};

enum { CMD_WORDS = 3 };
struct cmd_def {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
    struct word_def word[CMD_WORDS]; /* what stands behind it, in order; the last is repeated when `more` */
    bool more;
};
extern const struct cmd_def cmd_table[];
extern const int cmd_count;

/* An option of a command; of "": every command takes it. */
struct option_def {
    const char *command, *name; /* "run", "--detach" */
    enum word_kind value;       /* WORD_NONE with choices NULL: takes none, unless `number` */
    bool number;                /* takes a value that cannot be listed */
    const char *choices;
    const char *help;
};
extern const struct option_def option_table[];
extern const int option_count;

/* What `ctl STUDY` takes; kinds as above. */
struct verb_def {
    const char *name, *help;
    struct word_def word;
    bool more;
};
extern const struct verb_def verb_table[];
extern const int verb_count;

#endif
