/* The tables. An option that every command takes is named once, for the command "". */
#include "cmd_table.h"

#include "base.h"
#include "cmd.h"

const char cmd_nets[] = "res8 res14 res20 res26 res32 res44 res56 vgg8 vgg14 vgg20 vgg26";

const struct cmd_def cmd_table[] = {
    {"run", cmd_run, "run a study, or go on with it", {{WORD_STUDY, 0}}, false},
    {"attach", cmd_attach, "the screens of a study that was begun", {{WORD_STUDY, 0}}, false},
    {"ls", cmd_ls, "studies and how far they are", {{WORD_NONE, 0}}, false},
    {"trials", cmd_trials, "a study's trials, as a table, JSON or CSV", {{WORD_STUDY, 0}}, false},
    {"ctl",
     cmd_ctl,
     "look in, pause, resume, stop, skip, set a value, enqueue or clone a trial",
     {{WORD_STUDY, 0}},
     false},
    {"suggest",
     cmd_suggest,
     "the next points a search would try, and what it expects of them",
     {{WORD_STUDY, 0}},
     false},
    {"importance", cmd_importance, "which of the searched settings the objective depends on", {{WORD_STUDY, 0}}, false},
    {"export",
     cmd_export,
     "a study's trials for other programs: CSV, JSON, an Optuna database",
     {{WORD_STUDY, 0}, {WORD_FILE, 0}},
     false},
    {"import", cmd_import, "take trials from elsewhere into a study", {{WORD_STUDY, 0}, {WORD_FILE, 0}}, false},
    {"replay",
     cmd_replay,
     "make a trial again from its record, and compare",
     {{WORD_STUDY, 0}, {WORD_TRIAL, 0}},
     false},
    {"report", cmd_report, "the paper's tables and figures, measured beside published", {{WORD_STUDY, 0}}, true},
    {"flops", cmd_flops, "what a net costs: parameters, multiply-adds, FLOPs", {{WORD_NET, 0}}, true},
    {"bench", cmd_bench, "how fast training steps and operations are here", {{WORD_CHOICE, "step ops search"}}, false},
    {"data",
     cmd_data,
     "make synthetic images; look at a data set's files",
     {{WORD_CHOICE, "synth info"}, {WORD_DIR, 0}},
     false},
    {"doctor", cmd_doctor, "what was found on this machine, and what is missing", {{WORD_NONE, 0}}, false},
};
const int cmd_count = (int)ARRAY_LEN(cmd_table);

const struct option_def option_table[] = {
    {"", "-c", WORD_FILE, false, 0, "another experiments.ini"},
    {"", "--runs", WORD_DIR, false, 0, "where studies are kept"},
    {"", "--set", WORD_SETTING, false, 0, "overrides a setting"},
    {"", "--json", WORD_NONE, false, 0, "JSON for scripts"},
    {"", "--help", WORD_NONE, false, 0, "what the command does"},
    {"run", "--headless", WORD_NONE, false, 0, "no terminal needed; plain lines"},
    {"run", "--detach", WORD_NONE, false, 0, "in the background"},
    {"attach", "--readonly", WORD_NONE, false, 0, "look on, change nothing"},
    {"attach", "--theme", WORD_CHOICE, false, "dark light", "colours"},
    {"trials", "--csv", WORD_NONE, false, 0, "CSV"},
    {"ctl", "--warm", WORD_NONE, false, 0, "clone from the latest checkpoint"},
    {"ctl", "--size", WORD_NONE, true, 0, "COLUMNSxLINES of a screen"},
    {"ctl", "--color", WORD_NONE, false, 0, "a screen with its colours"},
    {"suggest", "-n", WORD_NONE, true, 0, "how many points"},
    {"suggest", "--trials", WORD_FILE, false, 0, "what is known, instead of the store"},
    {"importance", "--trials", WORD_FILE, false, 0, "what is known, instead of the store"},
    {"importance", "--top", WORD_NONE, true, 0, "the share of trials that counts as best"},
    {"export", "--to", WORD_CHOICE, false, "csv json optuna", "the format"},
    {"replay", "--out", WORD_DIR, false, 0, "keeps the files there"},
    {"report", "--out", WORD_DIR, false, 0, "writes tables and figures there"},
    {"report", "--markdown", WORD_NONE, false, 0, "Markdown"},
    {"report", "--latex", WORD_NONE, false, 0, "LaTeX"},
    {"report", "--csv", WORD_NONE, false, 0, "CSV"},
    {"bench", "--batch", WORD_NONE, true, 0, "images a step"},
    {"bench", "--threads", WORD_NONE, true, 0, "threads"},
    {"bench", "--repeats", WORD_NONE, true, 0, "how often each is measured"},
    {"data", "--train", WORD_NONE, true, 0, "training images"},
    {"data", "--test", WORD_NONE, true, 0, "test images"},
    {"data", "--seed", WORD_NONE, true, 0, "equal seeds give equal files"},
};
const int option_count = (int)ARRAY_LEN(option_table);

const struct verb_def verb_table[] = {
    {"status", "where it stands", {WORD_NONE, 0}, false},
    {"pause", "saves and waits for resume", {WORD_NONE, 0}, false},
    {"resume", "goes on", {WORD_NONE, 0}, false},
    {"stop", "saves and ends the process", {WORD_NONE, 0}, false},
    {"skip", "ends the present stage here", {WORD_NONE, 0}, false},
    {"set", "another value from the next step on", {WORD_LIVE, 0}, false},
    {"enqueue", "a trial at these values goes first", {WORD_SEARCH, 0}, true},
    {"clone", "a new trial with the values of another but for those named", {WORD_TRIAL, 0}, true},
    {"thaw", "goes on with a trial that was stopped early", {WORD_TRIAL, 0}, false},
    {"screen", "a screen as text", {WORD_SCREEN, 0}, false},
    {"probe", "FSP matrices of one image", {WORD_CHOICE, "image= block="}, true},
};
const int verb_count = (int)ARRAY_LEN(verb_table);
