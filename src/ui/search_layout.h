/* search_layout: where things stand on the Search screen, as a function of its rectangle. No two parts overlap, none leaves
 * the rectangle; a part there is no room for is empty. */
#ifndef FSPLAB_UI_SEARCH_LAYOUT_H
#define FSPLAB_UI_SEARCH_LAYOUT_H

#include "canvas.h"

/* A map with its axes: one that is not the first of a row has no numbers on its left. */
struct search_pane {
    struct rect title; /* 1 row */
    struct rect left;  /* numbers of the rows' setting, and the axis as its last column */
    struct rect map;
    struct rect below; /* numbers of the columns' setting: 1 row */
    struct rect bar;   /* colour scale: 1 row */
};

/* What is shown where there is no room for all. */
enum search_page { PAGE_MAP, PAGE_SLICES, PAGE_HISTORY, PAGE_WEIGHTS, PAGE_COUNT };

struct search_layout {
    unsigned pages;                    /* 1 << page: those that differ from one another here; PAGE_MAP always */
    struct rect head;                  /* what is searched, how far it is: 1 row */
    int n_panes;                       /* 1, or 3 side by side; 0: the page has their place */
    struct search_pane pane[3];        /* the first is where a map would be, on a page without one too */
    struct rect slice[2];              /* along the columns' setting, along the rows' */
    struct rect weights;               /* how much the settings matter */
    struct rect legend, history, best; /* marks, values over trials, the best few trials */
    struct rect readout;               /* 1 or 2 rows */
};

/* DIMS: settings that are searched. One: one pane, whose bar has room for a second curve. A page that does not differ from
 * PAGE_MAP is laid out as that. */
struct search_layout search_layout(struct rect, int dims, enum search_page);
/* One pane in a rectangle, as Run's dashboard shows it. */
struct search_pane search_pane(struct rect, bool numbers, bool bar);

#endif
