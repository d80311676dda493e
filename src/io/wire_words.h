/* wire_words: the requests as people write them, for `fsplab ctl` and for the palette of the screens: one table, so that both
 * know the same words and refuse the same mistakes. */
#ifndef FSPLAB_WIRE_WORDS_H
#define FSPLAB_WIRE_WORDS_H

#include "wire.h"

struct wire_word {
    enum wire_ask ask;
    bool trial;        /* a trial's number comes first */
    int min, max;      /* words behind the name, the trial's number not counted */
    const char *takes; /* what to say where their number is wrong */
    const char *usage; /* behind the name, for a reader: "TRIAL [key=value]... [--warm]"; "": nothing */
    const char *help;  /* a sentence without full stop */
    bool acts;         /* changes the study */
};
extern const struct wire_word wire_words[];
extern const int wire_word_count;

/* The row of a name; NULL: none. */
const struct wire_word *wire_word_find(const char *name);
/* A request from its words, the first of which is the name: "set", "lambda=0.05". "warm" and "--warm" are the same. ERR_USAGE:
 * "set: 'x' is not key=NUMBER"; what is not said by the words alone (which keys there are, ranges) the study process decides. */
bool wire_request_words(int n, const char *const *words, struct wire_request *, struct err *);

#endif
