/* lab_work: what the workers' files share: lab_study.c (what comes next), lab_search.c (journal and search), lab_trial.c (one
 * trial), lab_record.c (store and snapshot), lab_command.c, lab_clone.c, lab_prune.c, lab_probe.c. All of it runs in a
 * worker's thread, under the study's lock. (*) says that the lock is left meanwhile: the addresses of rows that are held,
 * and what was concluded from the study's state, may be good no more. false: the store or a file failed. */
#ifndef FSPLAB_LAB_WORK_H
#define FSPLAB_LAB_WORK_H

#include "lab_impl.h"
#include "search/prune.h"

/* lab_record.c */
bool lab_begin_group(struct lab *, struct err *);
bool lab_end_group(struct lab *, struct err *);
bool lab_event(struct lab *, const struct worker *, const char *kind, const char *text, struct err *);
bool lab_record_step(struct lab *, struct worker *, const struct trial_progress *, struct err *);
/* An event of this trial at this step, to be filled in. */
struct event_row lab_event_at(const struct worker *, const char *kind);
bool lab_put_event(struct lab *, const struct event_row *, struct err *);
/* Everything up to this step is committed, then the file is written, then the row that names it. A file of this very step is
 * left as it is. (*) unless it is */
bool lab_checkpoint(struct lab *, struct worker *, struct err *);
/* What a snapshot shows of the worker's trial: at its beginning, at a step, after one. */
void lab_show_trial(struct worker *);
void lab_show_position(struct worker *);
void lab_show_step(struct lab *, struct worker *, const struct trial_progress *, double seconds);

/* lab_search.c: the journal. A row's address is good until the next one is added. NULL: there is none. */
bool lab_read_journal(struct lab *, struct err *);
struct trial_row *lab_add_row(struct lab *, struct trial_row);
/* The searched (or enqueued) one of that ask. */
struct trial_row *lab_find_row(struct lab *, int search_no, int ask_id);
/* A row for the next ask or for one enqueued: POINT is x[space.n]. */
struct trial_row lab_point_row(const struct lab *, enum trial_kind, int ask_id, const double *x);
bool lab_ended(const struct trial_row *);
/* Run at a user's wish, without a place in a search. */
bool lab_is_extra(const struct trial_row *);
/* Brings the snapshot's counts of trials up to date. */
void lab_count(struct lab *);
/* The search: that of the number, to where the journal leaves it; what it was asked for and has not ended is `open`. */
bool lab_begin_search(struct lab *, int search_no, struct err *);
/* Tells what has ended. */
void lab_tell_ended(struct lab *);
/* The row of a new point; -1: there is none now (asked_out: until something is enqueued). */
bool lab_new_point(struct lab *, int *at, struct err *);
/* Tells of a stopped trial how it did end after all. */
void lab_tell_again(struct lab *, const struct trial_row *);
/* What was enqueued and the search, being over, did not take, loses its place in it. */
bool lab_release_waiting(struct lab *, struct err *);

/* lab_study.c */
/* Told to stop or to quit, or another worker has failed: time to save and go. */
bool lab_leaving(const struct lab *);
/* Others may begin trials once this worker trains no teacher. */
void lab_mind_teacher(struct lab *, const struct worker *);
/* Who runs that trial now; NULL: nobody. */
struct worker *lab_runner(const struct lab *, int trial);

/* lab_command.c */
/* Carries out the commands that are for this worker: those for its trial and those for anybody. (*) */
bool lab_take_commands(struct lab *, struct worker *, struct err *);
/* The same between two steps; while paused the trial sleeps and waits for more. (*) */
bool lab_obey(struct lab *, struct worker *, struct err *);
/* Answers the pause once every trial sleeps. */
void lab_mind_pause(struct lab *);
void lab_refuse(struct lab_ack *, const char *why);

/* lab_clone.c */
bool lab_clone(struct lab *, struct worker *, const struct lab_cmd *, struct lab_ack *, struct err *);
/* Gives a warm clone its folder, if that was not done in time. */
bool lab_adopt_clone(const struct trial_row *, struct err *);
/* Removes what a clone that was never recorded has left under this row's name. */
void lab_forget_clone(const struct trial_row *);

/* lab_prune.c */
/* Asks the setting `prune` about a trial that may just have been evaluated; *stopped: it is saved and recorded as pruned. (*) */
bool lab_ask_rule(struct lab *, struct worker *, bool *stopped, struct err *);
/* Records that a stopped trial goes on; the row is queued. */
bool lab_thaw_row(struct lab *, struct trial_row *, const char *why, struct err *);
bool lab_thaw(struct lab *, const struct lab_cmd *, struct lab_ack *, struct err *);

/* lab_probe.c */
void lab_do_probe(struct lab *, struct worker *, const struct lab_cmd *, struct lab_ack *);

/* lab_trial.c */
/* Runs a trial to its end, or until told to leave: then it is saved and its state says so. Whatever is wrong with the
 * trial itself ends up in its row. (*) */
bool lab_run_trial(struct lab *, struct worker *, struct err *);

#endif
